// Countries and the postal codes in them, for every address that people write.
import { atField, Problem } from '../errors.js'
import { readCode, readTyped } from '../reading.js'
import { postalCodeIn } from './postal-formats.js'

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

/** All that posts write where no format is known. */
const anyCode = /^[A-Z0-9][A-Z0-9 -]{1,10}$/

/**
 * The postal code as it is stored: in the one form of its country, however people space it and in whatever digits. Where no code of
 * the country is known it may be empty, and most of those countries have none.
 * @param country ISO 3166-1 alpha-2
 * @throws Problem `validation_failed`
 */
export function checkedPincode(country: string, text: string): string {
  const known = postalCodeIn(country, compact(text))
  const code = known === undefined ? codeOfElsewhere(text) : known
  if (code !== null) return code
  const expected = country === 'IN' ? '6 digits' : `a postal code of ${country}`
  throw new Problem('validation_failed', atField('pincode', `pincode must be ${expected}`))
}

/** Letters in capitals and digits, also those in full width and after the mark that Japan's post puts before them. */
function compact(text: string): string {
  return readCode(text.normalize('NFKC')).toUpperCase().replace(/^〒/, '')
}

function codeOfElsewhere(text: string): string | null {
  const code = readTyped(text.normalize('NFKC'))
    .toUpperCase()
    .replace(/\p{Pd}/gu, '-')
    .replace(/[\p{Zs}\t]+/gu, ' ')
  return code === '' || anyCode.test(code) ? code : null
}
