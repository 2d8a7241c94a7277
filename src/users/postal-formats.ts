// What the postal codes of each country look like (Universal Postal Union, "Postal addressing systems", sheets of 2026-11), in the one
// form that is stored: with spaces and dashes where its post writes them.

/**
 * Formats and the countries that have them (ISO 3166-1 alpha-2). In a format `#` is a digit, `@` a letter, `*` either, and brackets hold
 * the characters that a place takes; everything else stands for itself. Several formats of one country are separated by `|`; an empty
 * one says that most addresses have none.
 */
const countriesByFormat: Readonly<Record<string, string>> = {
  '###': 'FO GN IS LS MG OM PG',
  '###|####|': 'BH',
  '####': 'AF AL AM AU BD BG CK CV CY DK ET GE GW HM HU LR MK MZ NE NO NZ PA PH SI SJ SV TN ZA',
  '[1-9]###': 'AT BE CH LU',
  '####|######': 'PY',
  '####|#####': 'TZ',
  '####|####-@': 'VE',
  '####|[A-HJ-NP-Z]####|[A-HJ-NP-Z]####@@@': 'AR',
  '####-###|####': 'PT',
  '#### ####|####|': 'LB',
  '#####': `BA BT CU DE DO DZ EE EH FI FR GT HR ID IQ IT JO KE KR KW LA LK MA MV MX MY NA NP PE PK SD SN TH TR UA UY XK ZM`,
  '#####|': 'HN',
  '#####|#####-####': 'CR SA US',
  '#####|######': 'KH MN RS VN',
  '#####|#######': 'EG IL MM',
  '#####|###-###-#|': 'NI',
  '#####|@@ #####': 'SO',
  '*####|': 'MU',
  '#####-###': 'BR',
  '#####-#####': 'IR',
  '### ##': 'CZ GR SE SK',
  '##-###': 'PL',
  '###-####': 'JP',
  '###|#####|######': 'TW',
  '######': 'BY CN CO KG RO RU SG TJ TM UZ',
  '######|': 'EC NG TT',
  '[1-9]#####': 'IN',
  '######|@##@#@#': 'KZ',
  '#######': 'CL',
  '[0-5]####': 'ES',
  '[1-9]### @@': 'NL',
  '@# #@@|@## #@@|@#@ #@@|@@# #@@|@@## #@@|@@#@ #@@|GIR 0AA': 'GB',
  '[ABCEGHJ-NPRSTVXY]#[ABCEGHJ-NPRSTV-Z] #[ABCEGHJ-NPRSTV-Z]#': 'CA',
  '[AC-FHKNPRTV-Y]## ****|D6W ****': 'IE',
  '@@ **': 'BM',
  '@@####': 'BN',
  '@@@ ####|@@@ ###|@@@ ##': 'MT',
  '@###': 'SZ',
  'AD###': 'AD',
  'AI-2640': 'AI',
  'AZ ####': 'AZ',
  'BB#####|': 'BB',
  'HT####': 'HT',
  'KY#-####': 'KY',
  'LC## ###|': 'LC',
  'LT-#####': 'LT',
  'LV-####': 'LV',
  'MD-####': 'MD',
  'VC####': 'VC',
  'VG####': 'VG',
  'GY# #@@|GY## #@@': 'GG',
  'IM# #@@|IM## #@@': 'IM',
  'JE# #@@|JE## #@@': 'JE',
  'GX11 1AA': 'GI',
  'BBND 1ZZ': 'IO',
  'FIQQ 1ZZ': 'FK',
  'PCRN 1ZZ': 'PN',
  'SIQQ 1ZZ': 'GS',
  'TKCA 1ZZ': 'TC',
  'ASCN 1ZZ|STHL 1ZZ|TDCU 1ZZ': 'SH',
  '00120': 'VA',
  '00[679]##|00[679]##-####': 'PR',
  '008##|008##-####': 'VI',
  '22###': 'AX',
  '2899': 'NF',
  '39##': 'GL',
  '4789#': 'SM',
  '6798': 'CX',
  '6799': 'CC',
  '8####': 'ME',
  '94##': 'LI',
  '96799|96799-####': 'AS',
  '96898': 'UM',
  '9694#|9694#-####': 'FM',
  '9695#|9695#-####': 'MP',
  '969##|969##-####': 'GU MH PW',
  '97[01]##|98[01]##': 'BL GP MF',
  '972##': 'MQ',
  '973##': 'GF',
  '974##': 'RE',
  '975##': 'PM',
  '976##': 'YT',
  '980##': 'MC',
  '986##': 'WF',
  '987##': 'PF',
  '988##': 'NC',
}

const formatsByCountry = new Map(
  Object.entries(countriesByFormat).flatMap(([formats, countries]) =>
    countries.split(' ').map((country) => [country, formats.split('|')] as const),
  ),
)

/**
 * What people write before a code: the letters of the country, also those of its cars, which its post gave up decades ago, and words
 * for "postal code".
 */
const written: Readonly<Record<string, string>> = {
  AT: 'A',
  BE: 'B',
  CU: 'CP',
  DE: 'D',
  ES: 'E',
  FR: 'F',
  IT: 'I',
  LU: 'L',
  OM: 'PC',
  SE: 'S',
  SV: 'CP',
}

/**
 * A code in the form of the country that it fits, or null; undefined where nothing is known of codes there.
 * @param country ISO 3166-1 alpha-2
 * @param code letters in capitals and digits, without what separates them
 */
export function postalCodeIn(country: string, code: string): string | null | undefined {
  const formats = formatsByCountry.get(country)
  if (formats === undefined) return undefined
  const beginnings = ['', country, ...(written[country] ? [written[country]] : [])]
  for (const beginning of beginnings) {
    if (!code.startsWith(beginning)) continue
    const rest = code.slice(beginning.length)
    // A format may begin with the country's letters too: `LV-1050` is also written 1050.
    for (const text of [rest, country + rest]) {
      const filled = formats.map((format) => fill(format, text)).find((each) => each !== null)
      if (filled !== undefined) return filled
    }
  }
  return null
}

const classes: Readonly<Record<string, string>> = { '#': '0-9', '@': 'A-Z', '*': 'A-Z0-9' }

/** The format with the characters of a code in its places, or null where they do not fit. */
function fill(format: string, code: string): string | null {
  let filled = ''
  let next = 0
  for (const [place] of format.matchAll(/\[[^\]]*\]|./g)) {
    if (/[ -]/.test(place) && place.length === 1) {
      filled += place
      continue
    }
    const character = code.charAt(next++)
    if (!new RegExp(`^[${classes[place] ?? place.replace(/[[\]]/g, '')}]$`).test(character)) return null
    filled += character
  }
  return next === code.length ? filled : null
}
