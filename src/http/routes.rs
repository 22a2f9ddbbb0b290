//! Every path there is: one table for the router and for the OpenAPI document.

use super::api::{
    actions, advice, alerts, circuits, components, incidents, overview, service, services,
};
use super::ask::{Ask, Query};
use super::limits::Connection;
use super::problem::Problem;
use super::shared::Shared;
use super::{answers, ask, assets, events, guard, health, openapi, orders, probes};
use crate::runbook::Filled;
use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use schemars::{Schema, SchemaGenerator};
use std::pin::Pin;
use std::sync::Arc;

/// What a handler gives.
pub(super) type Answer = Result<Response, Problem>;

/// How a request is answered.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// At once.
    Now(fn(&Ask) -> Answer),
    /// After a while.
    Later(fn(Ask) -> Pin<Box<dyn Future<Output = Answer> + Send>>),
}

/// What is in an answer.
#[derive(Clone, Copy)]
pub(super) enum Content {
    /// JSON of this shape.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// Anything else, by its media type.
    Other(&'static str),
    /// One of two media types, as the client wants it.
    Either([&'static str; 2]),
}

/// A parameter of a query.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) values: Values,
}

/// What a parameter can be.
pub(super) enum Values {
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Yes or no; without a value it is yes.
    Flag,
    /// A number from 0 to this.
    Number(u32),
    /// Any text of at most so many characters.
    Text(usize),
    /// Several, with commas or one after the other, that match this.
    Several(&'static str),
}

/// A path with a method.
pub(super) struct Route {
    pub(super) path: &'static str,
    /// Whether it changes something: POST, with a token.
    pub(super) changes: bool,
    pub(super) meaning: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) content: Content,
    /// Its body, if it takes one.
    pub(super) body: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// What may be wrong beside the request as such.
    pub(super) problems: &'static [u16],
    pub(super) handler: Handler,
}

const fn get(
    path: &'static str,
    meaning: &'static str,
    content: Content,
    handler: fn(&Ask) -> Answer,
) -> Route {
    Route {
        path,
        changes: false,
        meaning,
        parameters: &[],
        content,
        body: None,
        problems: &[],
        handler: Handler::Now(handler),
    }
}

const TEXT: Content = Content::Other("text/plain");
const VERBOSE: Parameter =
    Parameter { name: "verbose", meaning: "Show every check.", values: Values::Flag };
const EXCLUDE: Parameter = Parameter {
    name: "exclude",
    meaning: "Checks that do not count; may be given several times.",
    values: Values::Several(
        "^(loop|link|canary|traffic|inbox|outbox|tasks|doubt|component:[^,]+)$",
    ),
};
const PROBE: &[Parameter] = &[VERBOSE, EXCLUDE];

/// Every path there is.
pub(super) static ROUTES: &[Route] = &[
    get("/", "The live page.", Content::Other("text/html"), assets::index),
    Route {
        problems: &[404],
        ..get("/page/{file}", "Its style and scripts.", Content::Other("*/*"), assets::file)
    },
    get(
        "/metrics",
        "Everything for Prometheus: as OpenMetrics 1.0 if `Accept` ranks that no lower, else as text 0.0.4.",
        Content::Either(["text/plain", "application/openmetrics-text"]),
        answers::metrics,
    ),
    Route {
        problems: &[503],
        ..get(
            "/health",
            "How lookout itself is.",
            Content::Json(schema::<health::Health>),
            health::whole,
        )
    },
    Route {
        problems: &[503],
        ..get(
            "/health/ready",
            "Whether it can judge.",
            Content::Json(schema::<health::Brief>),
            health::ready,
        )
    },
    Route {
        problems: &[503],
        ..get(
            "/health/live",
            "Whether its main loop turns.",
            Content::Json(schema::<health::Brief>),
            health::live,
        )
    },
    get("/health/checks", "Its checks.", Content::Json(schema::<health::Checks>), health::checks),
    Route {
        parameters: PROBE,
        problems: &[503],
        ..get("/livez", "Whether its main loop turns, for probes.", TEXT, probes::livez)
    },
    Route {
        parameters: PROBE,
        problems: &[503],
        ..get("/readyz", "Whether it can judge, for probes.", TEXT, probes::readyz)
    },
    Route {
        parameters: PROBE,
        problems: &[503],
        ..get("/healthz", "Whether it is well, for probes.", TEXT, probes::healthz)
    },
    get(
        "/api/v1/overview",
        "The platform in one object.",
        Content::Json(schema::<overview::Overview>),
        answers::overview,
    ),
    Route {
        parameters: &[
            Parameter {
                name: "verdict",
                meaning: "Only services that read so.",
                values: Values::OneOf(&["healthy", "degraded", "unavailable", "unknown"]),
            },
            Parameter {
                name: "history",
                meaning: "Also their last ten minutes.",
                values: Values::Flag,
            },
        ],
        ..get(
            "/api/v1/services",
            "One row for each service.",
            Content::Json(schema::<services::Services>),
            answers::services,
        )
    },
    Route {
        problems: &[404],
        ..get(
            "/api/v1/services/{name}",
            "All that is known of one service.",
            Content::Json(schema::<service::Service>),
            answers::service,
        )
    },
    Route {
        parameters: &[Parameter {
            name: "most",
            meaning: "Only so many of the worst.",
            values: Values::Number(alerts::MOST as u32),
        }],
        ..get(
            "/api/v1/alerts",
            "What people are told: alerts that fire, and those that ended lately.",
            Content::Json(schema::<alerts::Alerts>),
            answers::alerts,
        )
    },
    get(
        "/api/v1/circuits",
        "How all circuits stand.",
        Content::Json(schema::<circuits::Circuits>),
        answers::circuits,
    ),
    Route {
        path: "/api/v1/circuits/{service}",
        changes: true,
        meaning: "Sets how a circuit behaves.",
        parameters: &[],
        content: Content::Json(schema::<circuits::Circuit>),
        body: Some(schema::<circuits::Wish>),
        problems: &[401, 403, 404, 413, 415, 503],
        handler: Handler::Later(|ask| Box::pin(orders::set_circuit(ask))),
    },
    get(
        "/api/v1/components",
        "The ground under the services.",
        Content::Json(schema::<components::Components>),
        answers::components,
    ),
    Route {
        parameters: &[Parameter {
            name: "open",
            meaning: "Only those that last, or only those that do not.",
            values: Values::Flag,
        }],
        ..get(
            "/api/v1/incidents",
            "What is and was wrong, each with its story.",
            Content::Json(schema::<incidents::Incidents>),
            answers::incidents,
        )
    },
    Route {
        problems: &[404],
        ..get(
            "/api/v1/incidents/{id}",
            "The record of one incident: its story, and for an attack what was seen and done, in order.",
            Content::Json(schema::<incidents::Record>),
            answers::incident,
        )
    },
    Route {
        parameters: &[Parameter {
            name: "in_force",
            meaning: "Only those that are in force, or only those that are not.",
            values: Values::Flag,
        }],
        ..get(
            "/api/v1/actions",
            "What is done about attacks, and what was done lately.",
            Content::Json(schema::<actions::Actions>),
            answers::actions,
        )
    },
    Route {
        path: "/api/v1/actions/{id}",
        changes: true,
        meaning: "Undoes what is done about an attack.",
        parameters: &[],
        content: Content::Json(schema::<actions::Action>),
        body: Some(schema::<actions::Wish>),
        problems: &[401, 403, 404, 413, 415, 503],
        handler: Handler::Later(|ask| Box::pin(orders::undo(ask))),
    },
    Route {
        parameters: &[Parameter {
            name: "most",
            meaning: "Only so many of the most urgent findings.",
            values: Values::Number(crate::advice::limits::FINDINGS as u32),
        }],
        ..get(
            "/api/v1/advice",
            "What the last day says about how services are set up and called, the most urgent first.",
            Content::Json(schema::<advice::Advice>),
            answers::advice,
        )
    },
    Route {
        parameters: &[
            Parameter {
                name: "about",
                meaning: "The name of a service, a component, an alert or a runbook.",
                values: Values::Text(answers::NAME),
            },
            Parameter {
                name: "service",
                meaning: "The name of a service.",
                values: Values::Text(answers::NAME),
            },
            Parameter {
                name: "component",
                meaning: "The name of a component.",
                values: Values::Text(answers::NAME),
            },
            Parameter {
                name: "alert",
                meaning: "The name of an alert.",
                values: Values::Text(answers::NAME),
            },
        ],
        problems: &[404],
        ..get(
            "/api/v1/runbook",
            "What to do about a service, a component or an alert: one of them is named.",
            Content::Json(schema::<Filled>),
            answers::runbook,
        )
    },
    Route {
        parameters: &[
            Parameter {
                name: "with",
                meaning: "What is sent beside events: overview, services; may be given several times.",
                values: Values::Several("^(overview|services)$"),
            },
            Parameter {
                name: "recent",
                meaning: "So many of the last events come first, unless Last-Event-ID says which.",
                values: Values::Number(1_000),
            },
        ],
        problems: &[503],
        ..get(
            "/api/v1/events",
            "What lookout says, as Server-Sent Events. A reader that comes back with Last-Event-ID misses \
             nothing of the last 1000.",
            Content::Other("text/event-stream"),
            events::listen,
        )
    },
    get(
        "/api/v1/openapi.json",
        "This document.",
        Content::Other("application/json"),
        openapi::serve,
    ),
];

fn schema<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// What a path names, if it can be read.
type Path = Result<RawPathParams, RawPathParamsRejection>;

/// The router of the whole table.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let filter = if route.changes { MethodFilter::POST } else { MethodFilter::GET };
        let shared = shared.clone();
        let handler = move |connection: ConnectInfo<Connection>, path: Path, request: Request| {
            let shared = shared.clone();
            async move { done(answer(route, shared, connection.0, path, request).await) }
        };
        router = router.route(route.path, on(filter, handler));
    }
    let unknown = || async { done(Err(Problem::unknown("there is no such path"))) };
    let wrong = || async {
        done(Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "see the header Allow for what is")))
    };
    router.fallback(unknown).method_not_allowed_fallback(wrong)
}

fn done(answer: Answer) -> Response {
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    guard::protect(response.headers_mut());
    response
}

async fn answer(
    route: &'static Route,
    shared: Arc<Shared>,
    connection: Connection,
    path: Path,
    request: Request,
) -> Answer {
    let (head, body) = request.into_parts();
    guard::check_host(shared.plan.listen, &head.headers)?;
    let known: Vec<_> = route.parameters.iter().map(|parameter| parameter.name).collect();
    let query = Query::read(head.uri.query(), &known)?;
    let body = if route.body.is_some() { ask::body(body).await? } else { Default::default() };
    let path = path.map_err(|_| Problem::bad("a name in the path is not UTF-8"))?;
    let name = path.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default();
    let ask = Ask { shared, connection, headers: head.headers, name, query, body };
    match route.handler {
        Handler::Now(handler) => handler(&ask),
        Handler::Later(handler) => handler(ask).await,
    }
}
