type Facts = Readonly<Record<string, unknown>>

/** @param identifier in E.164; @param address the client's IP; @param requestId a UUID */
type FactsOfCall = (identifier: string, code: string, address: string, requestId: string) => Facts

export function createFacts(pepper: string): Readonly<{ ofSend: FactsOfCall; ofVerify: FactsOfCall }>
