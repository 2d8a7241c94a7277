// What somebody looks for, as it is pasted: from the head of a mail, from a link.

/** The address of `Asha Rao <asha@example.com>`; no scheme of a link; else the text as it is. */
export const sought = (pasted: string): string =>
  (/<([^<>\s]+@[^<>\s]+)>/.exec(pasted)?.[1] ?? pasted).trim().replace(/^(mailto|tel):/i, '')
