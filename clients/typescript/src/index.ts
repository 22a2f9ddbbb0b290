// What the package offers. It exists so that everything else can change without anybody noticing.

export type { Clock } from "./clock.js";
export { machineClock } from "./clock.js";
export type { CircuitState, SaidTrouble as Trouble, Severity, Verdict } from "./documents.js";
export {
  Authorization,
  BusinessRule,
  CallError,
  CircuitOpen,
  Conflict,
  ExecutionTimeout,
  Failed,
  InvalidCall,
  LinkDown,
  Malformed,
  NotFound,
  RateLimited,
  Rejected,
  ServiceError,
  Timeout,
  TooManyCalls,
  Unavailable,
  Validation,
} from "./errors.js";
export type { FieldFault, Kind } from "./errors.js";
export type { CallOptions, Cache, Options } from "./options.js";
export type { Answer } from "./platform.js";
export { Platform } from "./platform.js";
export type { Change } from "./state.js";
export type { Strategy } from "./strategy.js";
export { back, banner, bounds, span } from "./banner.js";
export type * as Documents from "./generated.js";
export type { ServiceView } from "./view.js";
