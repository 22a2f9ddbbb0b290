// Calls services over MQTT with the state of the platform in mind, as lookout tells it: in browsers over
// WebSocket, in Node over TCP as well.

export { about, banner, bounds } from "./banner.js";
export type { Document } from "./documents.js";
export { CallError, type Facts, type FieldError, type Kind } from "./errors.js";
export type * from "./generated.js";
export type { Cache, CallKey, CallOptions, Options } from "./options.js";
export { type Answer, Platform } from "./platform.js";
export type { Retry } from "./retry.js";
export type { CircuitState, Verdict } from "./standing.js";
export type { Change, ServiceState } from "./state.js";
export type { Component, Strategy } from "./strategy.js";
