// Made by `npm run types` from ../../schemas; do not edit. It exists so that the types of documents
// follow the schemas: `npm run types:check` fails when this file is older than they are.

/**
 * Circuits were opened ahead of a cascade.
 *
 * Published on `system/{cluster}/errors` when the circuits of an unavailable service's direct dependents were opened.
 */
export interface CascadingFailurePrevented {
  /**
   * What was done, such as `circuits_opened_preemptively`.
   */
  action?: string;
  /**
   * The services whose circuits were opened.
   *
   * @minItems 1
   */
  affectedServices: [string, ...string[]];
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  /**
   * The service that is unavailable.
   */
  originService: string;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "cascading_failure_prevented";
  [k: string]: unknown;
}
/**
 * A circuit moved, or how it stands.
 *
 * Every transition on `system/{cluster}/circuit-breaker`; the circuit as it stands retained on `system/{cluster}/circuit-breaker/{service}`. An open circuit is advice: lookout cannot stop a message.
 */
export interface CircuitBreaker {
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  /**
   * Failures / settled calls, as judged.
   */
  failureRate?: number;
  /**
   * Calls failed or unanswered, as judged.
   */
  failures?: number;
  /**
   * How often it opened since it was last closed.
   */
  openCount?: number;
  /**
   * How long it was not closed, in seconds.
   */
  openSeconds?: number;
  /**
   * Where it stood before.
   */
  previous?: "closed" | "open" | "half_open" | "forced_open" | "disabled" | "observe_only";
  /**
   * Why it moved.
   */
  reason?: string;
  /**
   * Settled calls, as judged.
   */
  requests?: number;
  /**
   * When an open circuit goes half-open.
   */
  retryAfter?: string;
  /**
   * The service.
   */
  service: string;
  /**
   * Where the circuit stands.
   */
  state: "closed" | "open" | "half_open" | "forced_open" | "disabled" | "observe_only";
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * The service's call topic; levels that do not name it are shown as `+`.
   */
  topic: string;
  /**
   * Answered calls that close it when half-open.
   */
  trialCalls?: number;
  /**
   * What happened.
   */
  type: "circuit_breaker";
  [k: string]: unknown;
}
/**
 * An answer in place of a service.
 *
 * Published on the reply topic of a call, if `direct_answers` is on: a JSON-RPC 2.0 error response that lookout gives because the service will not answer.
 */
export interface DirectAnswer {
  /**
   * Why there is no result.
   */
  error: {
    /**
     * The service is temporarily unavailable.
     */
    code: -32503;
    /**
     * Why, and since when.
     */
    data: {
      /**
       * The `correlationId` of the call.
       */
      correlationId?: string;
      /**
       * Whether the service is unavailable, or its circuit alone is open.
       */
      errorType: "ServiceUnavailable" | "CircuitBreakerOpen";
      /**
       * From the lengths of past outages, such as `2-5 minutes`; `unknown` before three are known.
       */
      estimatedRecovery?: string;
      /**
       * The reason of the verdict or of the circuit.
       */
      reason: string;
      /**
       * When the circuit will be half-open, if that is known.
       */
      retryAfter?: string;
      /**
       * The service that was called.
       */
      serviceName: string;
      /**
       * The id of the lookout that answers: no service says so.
       */
      source: string;
      /**
       * When it was answered.
       */
      timestamp: string;
      [k: string]: unknown;
    };
    /**
     * The same in words.
     */
    message: "Service Temporarily Unavailable";
    [k: string]: unknown;
  };
  /**
   * The id of the call as it was written; null if it was known by its Correlation Data or its reply topic alone.
   */
  id: string | number | null;
  /**
   * The version of JSON-RPC.
   */
  jsonrpc: "2.0";
  [k: string]: unknown;
}
/**
 * The platform in one summary.
 *
 * Retained on `system/{cluster}/health`, on change and every 30 s.
 */
export interface Health {
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * Components by state.
   */
  components?: {
    /**
     * Those with a finding of less than severity error.
     */
    degraded?: number;
    /**
     * Those whose checks pass.
     */
    healthy?: number;
    /**
     * Those that were not looked at yet.
     */
    starting?: number;
    /**
     * Those with a worse one.
     */
    unhealthy?: number;
    [k: string]: number | undefined;
  };
  /**
   * Whether lookout doubts its own ears.
   */
  inDoubt?: boolean;
  /**
   * Circuits that are open, half-open or forced open.
   */
  openCircuits?: number;
  /**
   * Incidents under way.
   */
  openIncidents?: number;
  /**
   * Services by verdict.
   */
  services?: {
    /**
     * Those that answer, but not as they should.
     */
    degraded?: number;
    /**
     * Those that nothing speaks against.
     */
    healthy?: number;
    /**
     * Those that do not answer.
     */
    unavailable?: number;
    /**
     * Those of which too little is known.
     */
    unknown?: number;
  };
  /**
   * The platform as a whole: `healthy`, `degraded` or `unhealthy`.
   */
  status: string;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "health";
  [k: string]: unknown;
}
/**
 * A component fails.
 *
 * Published on `system/{cluster}/errors`, and on `system/{cluster}/emergency` if it is critical; again every 5 min while it lasts.
 */
export interface InfrastructureError {
  /**
   * Services whose trouble it explains, at most 100.
   */
  affectedServices?: string[];
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The component.
   */
  component: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  /**
   * Whatever the check found; its members depend on the kind of component.
   */
  details?: {
    [k: string]: unknown;
  };
  /**
   * Whether someone must act.
   */
  escalationRequired?: boolean;
  /**
   * How long such failures took before, for people to read.
   */
  estimatedResolution?: string;
  /**
   * What it means for the platform.
   */
  impact?: string;
  /**
   * What kind of component.
   */
  kind?: string;
  /**
   * What the check found.
   */
  message?: string;
  /**
   * What may help.
   */
  recommendations?: string[];
  /**
   * How often it was said before while it lasts.
   */
  repeat?: number;
  /**
   * How bad it is.
   */
  severity?: "info" | "warning" | "error" | "critical";
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "infrastructure_error";
  [k: string]: unknown;
}
/**
 * A component is well again.
 *
 * Published on `system/{cluster}/errors`.
 */
export interface InfrastructureRecovered {
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The component.
   */
  component: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  /**
   * How long it failed, in seconds.
   */
  outageSeconds?: number;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "infrastructure_recovered";
  [k: string]: unknown;
}
/**
 * Whether an observer is there.
 *
 * Retained on `system/{cluster}/observer/{id}`, without an envelope, because it is also the will.
 */
export interface Observer {
  /**
   * Whether it is.
   */
  online: boolean;
  /**
   * When it said so, in milliseconds since the Unix epoch.
   */
  timestamp: number;
  [k: string]: unknown;
}
/**
 * The replies of a pair are never heard.
 *
 * Published on `system/{cluster}/errors`: a reply template or lookout's rights are wrong, not the world.
 */
export interface PairDeaf {
  /**
   * Where its calls are expected.
   */
  callTemplate?: string;
  /**
   * Its unanswered calls.
   */
  calls?: number;
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  /**
   * The pair's name in the configuration.
   */
  pair: string;
  /**
   * How often it was said before while it lasts.
   */
  repeat?: number;
  /**
   * Where its replies are expected.
   */
  replyTemplate?: string;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "pair_deaf";
  /**
   * Topics of replies that belong to no call.
   */
  unmatchedTopics?: string[];
  [k: string]: unknown;
}
/**
 * Something is done about a service that does not answer.
 *
 * Published on `system/{cluster}/actions` at each step: it is to be restarted, the platform does or does not, it recovered, or it did not help and the service is left alone.
 */
export interface RemedyAction {
  /**
   * What is done.
   */
  action: "restart";
  /**
   * Which attempt.
   */
  attempt?: number;
  /**
   * How many there will be at most.
   */
  attempts?: number;
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The incident of the service.
   */
  correlationId: string;
  /**
   * Whether it is only said and nothing is done; there is no `done` and no `refused` then.
   */
  dryRun: boolean;
  /**
   * What the platform says of it.
   */
  message?: string;
  /**
   * The service.
   */
  service: string;
  /**
   * `started`: it is to be restarted now. `done`, `refused`: the platform restarts it, or does not. `recovered`: it is healthy again. `failed`: the last attempt did not help, and nothing more is done until it is healthy again.
   */
  state: "started" | "done" | "refused" | "recovered" | "failed";
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "remedy_action";
  [k: string]: unknown;
}
/**
 * A service answers, but not as it should.
 *
 * Published on `system/{cluster}/errors`, once on change and again every 5 min while it lasts.
 */
export interface ServiceDegraded {
  /**
   * Methods of the service that were called in the last day.
   */
  affectedOperations?: string[];
  /**
   * The component that explains it: this alarm is a consequence.
   */
  causedBy?: {
    /**
     * The component.
     */
    component: string;
    /**
     * The component's incident.
     */
    correlationId: string;
    [k: string]: unknown;
  };
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  /**
   * The figures behind it; what is not known is absent.
   */
  details?: {
    /**
     * Calls rejected, failed or unanswered / settled calls over the last 2 min.
     */
    errorRate?: number;
    /**
     * Why the last replica failed, in the platform's word.
     */
    failureReason?: string;
    /**
     * When the last result was heard.
     */
    lastSuccessfulResponse?: string;
    /**
     * Replicas that are ready.
     */
    readyPods?: number;
    /**
     * Calls settled in the last 2 min.
     */
    recentCalls?: number;
    /**
     * Of these, the answered ones.
     */
    recentResponses?: number;
    /**
     * Answered calls / settled calls over the last 2 min.
     */
    responseRate?: number;
    /**
     * How often the replicas that are there were started anew.
     */
    restarts?: number;
    /**
     * Replicas that run.
     */
    runningPods?: number;
    /**
     * Replicas that should be there.
     */
    totalPods?: number;
    /**
     * A trace in which one of its failures is told: 32 hexadecimal digits, as in `traceparent`.
     */
    traceId?: string;
    [k: string]: unknown;
  };
  /**
   * How long such outages took before, for people to read.
   */
  estimatedRecovery?: string;
  /**
   * How much it matters: low, medium or high.
   */
  impact?: string;
  /**
   * What is wrong.
   */
  reason?: "slow_responses" | "poor_response_rate" | "replicas_not_ready" | "high_failure_rate" | "flapping";
  /**
   * How often it was said before while it lasts.
   */
  repeat?: number;
  /**
   * The service.
   */
  service: string;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "service_degraded";
  [k: string]: unknown;
}
/**
 * A service is healthy again.
 *
 * Published on `system/{cluster}/errors`.
 */
export interface ServiceRecovered {
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  /**
   * How long it lasted, in seconds.
   */
  outageSeconds?: number;
  /**
   * The verdict before.
   */
  previous?: "unknown" | "healthy" | "degraded" | "unavailable";
  /**
   * The service.
   */
  service: string;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "service_recovered";
  /**
   * Calls that went unanswered in it.
   */
  unansweredCalls?: number;
  [k: string]: unknown;
}
/**
 * A service does not answer.
 *
 * Published on `system/{cluster}/errors`, once on change and again every 5 min while it lasts.
 */
export interface ServiceUnavailable {
  /**
   * Methods of the service that were called in the last day.
   */
  affectedOperations?: string[];
  /**
   * The component that explains it: this alarm is a consequence.
   */
  causedBy?: {
    /**
     * The component.
     */
    component: string;
    /**
     * The component's incident.
     */
    correlationId: string;
    [k: string]: unknown;
  };
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  /**
   * The figures behind it; what is not known is absent.
   */
  details?: {
    /**
     * Calls rejected, failed or unanswered / settled calls over the last 2 min.
     */
    errorRate?: number;
    /**
     * Why the last replica failed, in the platform's word.
     */
    failureReason?: string;
    /**
     * When the last result was heard.
     */
    lastSuccessfulResponse?: string;
    /**
     * Replicas that are ready.
     */
    readyPods?: number;
    /**
     * Calls settled in the last 2 min.
     */
    recentCalls?: number;
    /**
     * Of these, the answered ones.
     */
    recentResponses?: number;
    /**
     * Answered calls / settled calls over the last 2 min.
     */
    responseRate?: number;
    /**
     * How often the replicas that are there were started anew.
     */
    restarts?: number;
    /**
     * Replicas that run.
     */
    runningPods?: number;
    /**
     * Replicas that should be there.
     */
    totalPods?: number;
    /**
     * A trace in which one of its failures is told: 32 hexadecimal digits, as in `traceparent`.
     */
    traceId?: string;
    [k: string]: unknown;
  };
  /**
   * How long such outages took before, for people to read.
   */
  estimatedRecovery?: string;
  /**
   * How much it matters: low, medium or high.
   */
  impact?: string;
  /**
   * What is wrong. `no_subscriber`: the broker says that nobody listens to its topic. May be any other word: the cause of the last failure as the platform names it, such as `pod_restart_loop`.
   */
  reason?: string;
  /**
   * How often it was said before while it lasts.
   */
  repeat?: number;
  /**
   * The service.
   */
  service: string;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "service_unavailable";
  [k: string]: unknown;
}
/**
 * How a service stands.
 *
 * Retained on `system/{cluster}/services/{service}`. Rates are absent when nothing was settled.
 */
export interface ServiceVerdict {
  /**
   * The component that explains it: this alarm is a consequence.
   */
  causedBy?: {
    /**
     * The component.
     */
    component: string;
    /**
     * The component's incident.
     */
    correlationId: string;
    [k: string]: unknown;
  };
  /**
   * Its circuit.
   */
  circuit?: "closed" | "open" | "half_open" | "forced_open" | "disabled" | "observe_only";
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId?: string;
  /**
   * Calls failed or unanswered / settled calls over the last 5 min.
   */
  failureRate?: number;
  /**
   * 95th percentile of reply times over the last 5 min, in milliseconds.
   */
  p95Ms?: number;
  /**
   * Why, if it is bad.
   */
  reason?: string;
  /**
   * Answered calls / settled calls over the last 5 min.
   */
  responseRate?: number;
  /**
   * The service.
   */
  service: string;
  /**
   * Since when it reads so.
   */
  since?: string;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * What happened.
   */
  type: "service_verdict";
  /**
   * The verdict as it reads; unknown while lookout doubts itself or nobody calls.
   */
  verdict: "unknown" | "healthy" | "degraded" | "unavailable";
  [k: string]: unknown;
}
