// What SMS are counted by: prisma/functions/send_code.sql asks and spends, sign-ins and changes count what was verified.

/** First verifications of numbers of a country (ISO 3166-1 alpha-2). */
export const verifiedKeyOf = (country: string) => `country_verified:${country}`
