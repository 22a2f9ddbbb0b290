// Made from the schemas by `npm run types`; do not edit.

/**
 * Retained on `system/{cluster}/services/{service}`. Rates are absent when nothing was settled.
 */
export interface ServiceVerdict {
  type: "service_verdict";
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The service.
   */
  service: string;
  /**
   * The verdict as it reads; unknown while lookout doubts itself or nobody calls.
   */
  verdict: "unknown" | "healthy" | "degraded" | "unavailable";
  /**
   * Why, if it is bad.
   */
  reason?: string;
  /**
   * Since when it reads so.
   */
  since?: string;
  /**
   * Its circuit.
   */
  circuit?: "closed" | "open" | "half_open" | "forced_open" | "disabled" | "observe_only";
  /**
   * Answered calls / settled calls over the last 5 min.
   */
  responseRate?: number;
  /**
   * Calls failed or unanswered / settled calls over the last 5 min.
   */
  failureRate?: number;
  /**
   * 95th percentile of reply times over the last 5 min, in milliseconds.
   */
  p95Ms?: number;
  /**
   * The component that explains it: this alarm is a consequence.
   */
  causedBy?: {
    component: string;
    /**
     * The component's incident.
     */
    correlationId: string;
    [k: string]: unknown;
  };
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId?: string;
  [k: string]: unknown;
}

/**
 * Every transition on `system/{cluster}/circuit-breaker`; the circuit as it stands retained on `system/{cluster}/circuit-breaker/{service}`. An open circuit is advice: lookout cannot stop a message.
 */
export interface CircuitBreaker {
  type: "circuit_breaker";
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The service's call topic; levels that do not name it are shown as `+`.
   */
  topic: string;
  /**
   * The service.
   */
  service: string;
  /**
   * Where the circuit stands.
   */
  state: "closed" | "open" | "half_open" | "forced_open" | "disabled" | "observe_only";
  /**
   * Where it stood before.
   */
  previous?: "closed" | "open" | "half_open" | "forced_open" | "disabled" | "observe_only";
  /**
   * Why it moved: `failure_rate`, `consecutive_unanswered`, `slow_call_rate`, `dependency_unavailable`, `dependency_recovered`, `open_timeout`, `trial_succeeded`, `trial_failed` or `manual`.
   */
  reason?: string;
  /**
   * Failures / settled calls, as judged.
   */
  failureRate?: number;
  /**
   * Settled calls, as judged.
   */
  requests?: number;
  /**
   * Calls failed or unanswered, as judged.
   */
  failures?: number;
  /**
   * How often it opened since it was last closed.
   */
  openCount?: number;
  /**
   * How long it was not closed.
   */
  openSeconds?: number;
  /**
   * Answered calls that close it when half-open.
   */
  trialCalls?: number;
  /**
   * When an open circuit goes half-open.
   */
  retryAfter?: string;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  [k: string]: unknown;
}

/**
 * Published on `system/{cluster}/errors`, once on change and again every 5 min while it lasts.
 */
export interface ServiceUnavailable {
  type: "service_unavailable";
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The service.
   */
  service: string;
  /**
   * `not_responding`, `no_subscriber` (the broker says that nobody listens to its topic), `no_running_pods`, `pods_not_ready`, or the cause of the last failure in the platform's word, such as `pod_restart_loop`.
   */
  reason?: string;
  /**
   * The figures behind it; what is not known is absent.
   */
  details?: {
    /**
     * Answered calls / settled calls over the last 2 min.
     */
    responseRate?: number;
    /**
     * Calls rejected, failed or unanswered / settled calls over the last 2 min.
     */
    errorRate?: number;
    /**
     * Calls settled in the last 2 min.
     */
    recentCalls?: number;
    /**
     * Of these, the answered ones.
     */
    recentResponses?: number;
    /**
     * Replicas that run.
     */
    runningPods?: number;
    /**
     * Replicas that are ready.
     */
    readyPods?: number;
    /**
     * Replicas that should be there.
     */
    totalPods?: number;
    /**
     * How often the replicas that are there were started anew.
     */
    restarts?: number;
    /**
     * When the last result was heard.
     */
    lastSuccessfulResponse?: string;
    /**
     * Why the last replica failed, in the platform's word.
     */
    failureReason?: string;
    [k: string]: unknown;
  };
  /**
   * How long such outages took before, for people to read.
   */
  estimatedRecovery?: string;
  /**
   * Methods of the service that were called in the last day.
   */
  affectedOperations?: string[];
  /**
   * How much it matters: low, medium or high.
   */
  impact?: string;
  /**
   * How often it was said before while it lasts.
   */
  repeat?: number;
  /**
   * The component that explains it: this alarm is a consequence.
   */
  causedBy?: {
    component: string;
    /**
     * The component's incident.
     */
    correlationId: string;
    [k: string]: unknown;
  };
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  [k: string]: unknown;
}

/**
 * Published on `system/{cluster}/errors`, and on `system/{cluster}/emergency` if it is critical; again every 5 min while it lasts.
 */
export interface InfrastructureError {
  type: "infrastructure_error";
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The component.
   */
  component: string;
  /**
   * How bad it is.
   */
  severity?: "info" | "warning" | "error" | "critical" | "emergency";
  /**
   * What the check found.
   */
  message?: string;
  /**
   * What it means for the platform.
   */
  impact?: string;
  /**
   * Whatever the check found; its members depend on the kind of component.
   */
  details?: {
    [k: string]: unknown;
  };
  /**
   * What may help.
   */
  recommendations?: string[];
  /**
   * What kind of component.
   */
  kind?: string;
  /**
   * Services whose trouble it explains, at most 100.
   */
  affectedServices?: string[];
  /**
   * How often it was said before while it lasts.
   */
  repeat?: number;
  /**
   * How long such failures took before, for people to read.
   */
  estimatedResolution?: string;
  /**
   * Whether someone must act.
   */
  escalationRequired?: boolean;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  [k: string]: unknown;
}

/**
 * Published on `system/{cluster}/errors`.
 */
export interface InfrastructureRecovered {
  type: "infrastructure_recovered";
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The component.
   */
  component: string;
  /**
   * How long it failed.
   */
  outageSeconds?: number;
  /**
   * When it happened.
   */
  timestamp: string;
  /**
   * The incident: the same in every document about it, from the first sign to recovery.
   */
  correlationId: string;
  [k: string]: unknown;
}

/**
 * Retained on `system/{cluster}/health`, on change and every 30 s.
 */
export interface Health {
  type: "health";
  /**
   * The cluster that lookout observes; it names `system/{cluster}/`.
   */
  clusterId: string;
  /**
   * The platform as a whole: `healthy`, `degraded` or `unhealthy`.
   */
  status: string;
  /**
   * Services by verdict.
   */
  services?: {
    [k: string]: number;
  };
  /**
   * Circuits that are open, half-open or forced open.
   */
  openCircuits?: number;
  /**
   * Components by state.
   */
  components?: {
    [k: string]: number;
  };
  /**
   * Incidents under way.
   */
  openIncidents?: number;
  /**
   * Whether lookout doubts its own ears.
   */
  inDoubt?: boolean;
  /**
   * When it happened.
   */
  timestamp: string;
  [k: string]: unknown;
}

/**
 * Retained on `system/{cluster}/observer/{id}`, without an envelope, because it is also the will.
 */
export interface Observer {
  online: boolean;
  /**
   * Milliseconds since the Unix epoch.
   */
  timestamp: number;
  [k: string]: unknown;
}
