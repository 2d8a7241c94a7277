// What is told of deliveries while they go on: to be logged and counted.

export type EventTelemetry =
  | Readonly<{ kind: 'delivered'; host: string; count: number }>
  /** `isProbe`: of an endpoint that rests */
  | Readonly<{ kind: 'failed'; host: string; reason: string; attempts: number; isProbe?: true }>
  | Readonly<{ kind: 'parked'; host: string; count: number }>
  | Readonly<{ kind: 'fault'; host: string; error: unknown }>
  /** one that takes nothing is left alone, but for a probe now and then */
  | Readonly<{ kind: 'rests'; host: string; reason: string }>
  /** it takes events again; or another replica delivers there by now */
  | Readonly<{ kind: 'back' | 'handed_over'; host: string }>
