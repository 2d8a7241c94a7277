// Countries and the postal codes in them, for every address that people write.
import { postcodeValidator, postcodeValidatorExistsForCountry } from 'postcode-validator'
import { atField, Problem } from '../errors.js'

/** ISO 3166-1 alpha-2, all 249 that are assigned, and XK, which posts and telephones use for Kosovo. */
const countries: ReadonlySet<string> = new Set(
  `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
  CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG
  GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR
  KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF
  NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
  SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK
  YE YT ZA ZM ZW`.split(/\s+/),
)

export function isCountry(code: string): boolean {
  return countries.has(code)
}

/** 6 digits; the first one is a region, 1 to 9 (India Post, Postal Index Number). */
export const indianPincode = '^[1-9][0-9]{5}$'
const indianCode = new RegExp(indianPincode)

/** All that posts write, anywhere. The library's patterns alone would let line breaks and any number of spaces through. */
const anyCode = /^[A-Za-z0-9][A-Za-z0-9 -]{1,10}$/

/**
 * The postal code as it is stored: trimmed, in capitals. Where no code of the country is known, it may be empty, and most of
 * those countries have none.
 * @param country ISO 3166-1 alpha-2
 * @throws Problem `validation_failed`
 */
export function checkedPincode(country: string, text: string): string {
  const code = text.trim()
  if (!isCodeOf(country, code)) {
    const expected = country === 'IN' ? '6 digits' : `a postal code of ${country}`
    throw new Problem('validation_failed', atField('pincode', `pincode must be ${expected}`))
  }
  return code.toUpperCase()
}

function isCodeOf(country: string, code: string): boolean {
  if (country === 'IN') return indianCode.test(code)
  if (code !== '' && !anyCode.test(code)) return false
  return !postcodeValidatorExistsForCountry(country) || postcodeValidator(code.toUpperCase(), country)
}
