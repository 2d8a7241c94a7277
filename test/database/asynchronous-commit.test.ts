// Which commits wait for the disk: all of them but the one that could only shorten a session.
import t from 'tap'
import { withConnection } from '../../src/development/postgres-query.js'
import { startApp } from '../support/app.js'
import { createTestDatabase } from '../support/database.js'

/** Notes at the end of each transaction what its commit is going to wait for. */
const watch = `
  CREATE TABLE commits (written text NOT NULL, setting text NOT NULL);
  CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO commits VALUES (TG_TABLE_NAME || ' ' || TG_OP, current_setting('synchronous_commit'));
    RETURN NULL;
  END $$;
  DO $$ DECLARE watched text; BEGIN
    FOREACH watched IN ARRAY ARRAY['users', 'otps', 'sessions', 'devices', 'signup_tickets', 'limit_counters', 'auth_events'] LOOP
      EXECUTE format('CREATE CONSTRAINT TRIGGER note_commit AFTER INSERT OR UPDATE OR DELETE ON %I
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_commit()', watched);
    END LOOP;
  END $$;
  DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$;`

t.test('a commit waits for the disk, but for the one that notes a session in use', async (t) => {
  const { url } = await createTestDatabase()
  await withConnection(url, (client) => client.query(watch))
  const service = await startApp(t, { databaseUrl: url })
  const email = 'asha@example.com'
  await service.post('/auth/request-otp', { email })
  const otp = service.lastCode(email)
  await service.post('/auth/verify-otp', { email, otp: otp === '000000' ? '000001' : '000000' })
  const { body } = await service.post('/auth/verify-otp', { email, otp })
  await service.database.$executeRaw`UPDATE sessions SET last_seen_at = now() - interval '6 minutes'`
  await service.database.$executeRaw`DELETE FROM commits WHERE written = 'sessions UPDATE'`
  const headers = { authorization: `Bearer ${body.token}` }
  t.equal((await service.get('/api/auth/me', { headers })).status, 200)
  await service.post('/api/auth/logout', {}, { headers })

  const rows = await service.database.$queryRaw<{ written: string; settings: string }[]>`
    SELECT written, string_agg(DISTINCT setting, ' ') AS settings FROM commits GROUP BY written ORDER BY written`
  t.strictSame(Object.fromEntries(rows.map(({ written, settings }) => [written, settings])), {
    'auth_events INSERT': 'on',
    'devices INSERT': 'on',
    'limit_counters INSERT': 'on',
    'limit_counters UPDATE': 'on',
    'otps INSERT': 'on',
    'otps UPDATE': 'on',
    'sessions DELETE': 'on',
    'sessions INSERT': 'on',
    'sessions UPDATE': 'off',
    'users INSERT': 'on',
  })
})
