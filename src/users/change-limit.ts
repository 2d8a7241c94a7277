// How often an account's phone and email may change: each change tells whoever reads the old one, and that message costs. Counted
// and refused in prisma/functions/change_identifier.sql.

/** Changes of one account in a day (UTC): added, changed and removed together. */
export const mostChangesPerDay = 5

/** For whoever has made them. */
export const changesAreOverLine = `Phone and email can be changed ${mostChangesPerDay} times a day`
