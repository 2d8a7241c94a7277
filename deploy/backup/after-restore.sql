-- After a restore, or a recovery to a moment: what had ended since that moment would come alive again. Run by restore.sh and recovered.sh
-- in one transaction, with the variable `sessions`: end or keep.

-- Codes: one may have been used since. Their counters stay: the guesses that were made until then are counted.
UPDATE otps SET code_hash = NULL, code_seed = NULL, code_made_at = NULL, consumed_at = coalesce(consumed_at, now())
WHERE code_hash IS NOT NULL OR code_seed IS NOT NULL;

-- Proofs that are used once.
DELETE FROM signup_tickets;
DELETE FROM recycle_tickets;
DELETE FROM exchange_codes;

-- Sessions that people have left, or that were ended for them (a stolen device, a disabled account), and devices that are trusted no more.
SELECT :'sessions' = 'end' AS ends \gset
\if :ends
DELETE FROM sessions;
DELETE FROM devices;
\endif
