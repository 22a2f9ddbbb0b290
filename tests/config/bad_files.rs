//! Bad configurations, each with the exact messages it must cause.

/// Bad files, and what is said of them.
pub(crate) const BAD_FILES: &[(&str, &[&str])] = &[
    // Pairs that speak another dialect.
    (
        "[traffic]\nprofiles = [\"wirenbord\"]\n[[traffic.pair]]\nprofile = \"mcp-over-mqtt\"\ncall = \"x/{y}\"",
        &[
            "lookout.toml:2: traffic.profiles[0]: found \"wirenbord\", allowed: profiles as `lookout profile list` names them",
            "lookout.toml:5: traffic.pair[0].call: found call beside profile, allowed: no such setting beside the profile mcp-over-mqtt, which has several pairs",
        ],
    ),
    (
        "[[traffic.pair]]\ncall = \"a/{service}\"\nreply = { okay = \"b/{s}\", rejected = [1] }\n\
         outcome = [{ ok = [\"x\"] }, 7]\nbody = { ids = \"x\", id = [\"y\", 7] }\n\
         codes = { failed = [\"x\"], rejected = 7 }\nwithout_id = \"youngest\"\nonly_addressed = \"yes\"\n\
         sender_property = { name = \"x\" }\nencoding = \"xml\"\nmethods = [1]",
        &[
            "lookout.toml:3: traffic.pair[0].reply.okay: found an unknown setting, allowed: one of ok, rejected, failed",
            "lookout.toml:3: traffic.pair[0].reply.rejected: found 1, allowed: a string that is not empty, or a list of them",
            "lookout.toml:4: traffic.pair[0].outcome[0]: found a table, allowed: from, which is property:NAME, body:PATH, topic:NAME or template",
            "lookout.toml:4: traffic.pair[0].outcome[1]: found 7, allowed: a table { from, ok, rejected, failed }",
            "lookout.toml:5: traffic.pair[0].body.ids: found an unknown setting, allowed: a known one, did you mean id?",
            "lookout.toml:5: traffic.pair[0].body.id[1]: found 7, allowed: a string that is not empty, or a list of them",
            "lookout.toml:6: traffic.pair[0].codes.failed[0]: found \"x\", allowed: an integer",
            "lookout.toml:6: traffic.pair[0].codes.rejected: found 7, allowed: a list of integers",
            "lookout.toml:7: traffic.pair[0].without_id: found \"youngest\", allowed: one of \"oneway\", \"oldest\"",
            "lookout.toml:8: traffic.pair[0].only_addressed: found \"yes\", allowed: true or false",
            "lookout.toml:9: traffic.pair[0].sender_property: found a table, allowed: a table with all of name, client and server",
            "lookout.toml:10: traffic.pair[0].encoding: found \"xml\", allowed: one of \"json\", \"cbor\", \"msgpack\", \"opaque\"",
            "lookout.toml:11: traffic.pair[0].methods: found 1, allowed: a string that is not empty, or a list of them",
        ],
    ),
    (
        "[[traffic.pair]]\ncall = \"a/{service}\"\nreply = \"b\"\ncalled_by = \"{service}\"\n\
         outcome = [{ from = \"topic:s\", failed = [\"*\"] }, { from = \"template\" }, { from = \"property:x\" }, { from = \"src\", ok = [\"x\"] }]\n\
         body = { id = \"a..b\", method = \"a.b.c.d.e.f.g.h.i\" }\nreplied_by = \"src\"\nmethod = \"{nope}\"",
        &[
            "lookout.toml:4: traffic.pair[0].called_by: found \"{service}\", allowed: what composes a client's name (nothing says who sends: set `sender_property` too)",
            "lookout.toml:5: traffic.pair[0].outcome[0].from: found \"topic:s\", allowed: {s} is not a name in the reply template",
            "lookout.toml:5: traffic.pair[0].outcome[1].from: found \"template\", allowed: no reply template fixes an outcome",
            "lookout.toml:5: traffic.pair[0].outcome[2].from: found \"property:x\", allowed: a rule has patterns",
            "lookout.toml:5: traffic.pair[0].outcome[3].from: found \"src\", allowed: property:NAME, body:PATH, topic:NAME or template",
            "lookout.toml:6: traffic.pair[0].body.id: found \"a..b\", allowed: a member's name is not empty; names are joined by single dots",
            "lookout.toml:6: traffic.pair[0].body.method: found \"a.b.c.d.e.f.g.h.i\", allowed: a path has at most 8 names",
            "lookout.toml:7: traffic.pair[0].replied_by: found \"src\", allowed: property:NAME, body:PATH or topic:NAME",
            "lookout.toml:8: traffic.pair[0].method: found \"{nope}\", allowed: what composes a method ({nope} is not a name in the call template)",
        ],
    ),
    (
        "[[traffic.pair]]\ncall = \"a/{service}/{x}\"\nreply = \"b/{s}\"\n\
         outcome = [{ from = [\"template\"], ok = [\"y\"] }]\n\
         sender_property = { name = [\"n\", \"m\"], client = \"c\", server = \"s\" }",
        &[
            "lookout.toml:4: traffic.pair[0].outcome[0].from: found [\"template\"], allowed: a string that is not empty",
            "lookout.toml:5: traffic.pair[0].sender_property.name: found [\"n\", \"m\"], allowed: a string that is not empty",
        ],
    ),
    (
        "[[traffic.pair]]\ncall = \"a/{service}/{x}\"\nreply = \"b/{s}\"\n\
         method = \"{body.a.b.c.d.e.f.g.h.i}\"\n\
         outcome = [{ from = \"topic:x\", failed = [\"y\"] }]",
        &[
            "lookout.toml:4: traffic.pair[0].method: found \"body.a.b.c.d.e.f.g.h.i\", allowed: what composes a method (a path has at most 8 names)",
            "lookout.toml:5: traffic.pair[0].outcome[0].from: found \"topic:x\", allowed: {x} is not a name in the reply template",
        ],
    ),
    // The kinds of values.
    (
        "[verdict]\nmin_silence = \"6 sec\"",
        &[
            "lookout.toml:2: verdict.min_silence: found \"6 sec\", allowed: a duration such as 30s, from 1ms to 1h",
        ],
    ),
    (
        "verdict.min_silence = 6",
        &[
            "lookout.toml:1: verdict.min_silence: found 6, allowed: a duration such as 30s, from 1ms to 1h",
        ],
    ),
    (
        "verdict = { min_silence = '0s', silent_calls = 21 }",
        &[
            "lookout.toml:1: verdict.min_silence: found '0s', allowed: a duration such as 30s, from 1ms to 1h",
            "lookout.toml:1: verdict.silent_calls: found 21, allowed: an integer from 1 to 20",
        ],
    ),
    (
        "[circuit]\nmin_calls = 0\nfailure_rate = 1.5\nconsecutive = \"10\"\njitter = nan",
        &[
            "lookout.toml:2: circuit.min_calls: found 0, allowed: an integer from 1 to 20",
            "lookout.toml:3: circuit.failure_rate: found 1.5, allowed: a number from 0 to 1",
            "lookout.toml:4: circuit.consecutive: found \"10\", allowed: an integer from 0 to 20",
            "lookout.toml:5: circuit.jitter: found nan, allowed: a number from 0 to 0.9",
        ],
    ),
    (
        "[broker]\nprotocol = 5\nqos = 2\nkeep_alive = \"4s\"",
        &[
            "lookout.toml:2: broker.protocol: found 5, allowed: one of \"5\", \"3.1.1\"",
            "lookout.toml:3: broker.qos: found 2, allowed: 0 or 1",
            "lookout.toml:4: broker.keep_alive: found \"4s\", allowed: a duration such as 30s, from 5s to 18h",
        ],
    ),
    (
        "cluster = \"a/b\"\nid = ''\nseed = -1",
        &[
            "lookout.toml:1: cluster: found \"a/b\", allowed: one topic level: 1 to 128 bytes without / + # and control characters",
            "lookout.toml:2: id: found '', allowed: one topic level: 1 to 128 bytes without / + # and control characters",
            "lookout.toml:3: seed: found -1, allowed: an integer from 0 to 9223372036854775807",
        ],
    ),
    (
        "[log]\nformat = true\nlevel = \"inffo\"\n[http]\nlisten = \"localhost\"",
        &[
            "lookout.toml:2: log.format: found true, allowed: one of \"human\", \"json\"",
            "lookout.toml:3: log.level: found \"inffo\", allowed: a log filter such as \"info\" or \"warn,lookout=debug\"",
            "lookout.toml:5: http.listen: found \"localhost\", allowed: an address and port such as \"127.0.0.1:9464\", or \"off\"",
        ],
    ),
    (
        "[traffic]\nignore = [\n  'a/#',\n  7,\n  '',\n]\n[codes]\nrejected = [-32001, -1]\nfailed = 7",
        &[
            "lookout.toml:4: traffic.ignore[1]: found 7, allowed: topic filters",
            "lookout.toml:5: traffic.ignore[2]: found '', allowed: topic filters",
            "lookout.toml:8: codes.rejected[1]: found -1, allowed: integers from -32768 to -32000",
            "lookout.toml:9: codes.failed: found 7, allowed: a list of integers",
        ],
    ),
    // Keys and tables.
    (
        "[verdict]\nmin_silense = '6s'\n[verdit]\nx = 1",
        &[
            "lookout.toml:2: verdict.min_silense: found an unknown setting, allowed: a known one, did you mean verdict.min_silence?",
            "lookout.toml:3: verdit: found an unknown setting, allowed: a known one, did you mean verdict?",
        ],
    ),
    (
        "[verdict]\nopen_timeout = '6s'\nwhatever = 1\n\"verdict.min_silence\" = '6s'",
        &[
            "lookout.toml:2: verdict.open_timeout: found an unknown setting, allowed: a known one, did you mean circuit.open_timeout?",
            "lookout.toml:3: verdict.whatever: found an unknown setting, allowed: a known one, see lookout check-config --print-default",
            "lookout.toml:4: verdict.\"verdict.min_silence\": found an unknown setting, allowed: a known one, see lookout check-config --print-default",
        ],
    ),
    (
        "\"\" = 1\n\"broker.url\" = 'x'\nbroker = 5\n[traffic.pairs]",
        &[
            "lookout.toml:1: \"\": found an unknown setting, allowed: a known one, see lookout check-config --print-default",
            "lookout.toml:2: \"broker.url\": found an unknown setting, allowed: a known one, see lookout check-config --print-default",
            "lookout.toml:3: broker: found an integer, allowed: a table, [broker]",
            "lookout.toml:4: traffic.pairs: found an unknown setting, allowed: a known one, did you mean traffic.pair?",
        ],
    ),
    (
        "direct_replies = true\n[cluster]\nname = 'x'",
        &[
            "lookout.toml:1: direct_replies: found an unknown setting, allowed: a known one, see lookout check-config --print-default",
            "lookout.toml:2: cluster: found a table, allowed: one topic level: 1 to 128 bytes without / + # and control characters",
        ],
    ),
    // Values against each other.
    (
        "[broker]\nbackoff_max = '100ms'",
        &[
            "lookout.toml:2: broker.backoff_max: found 100ms, allowed: at least broker.backoff_min (250ms)",
        ],
    ),
    (
        "[circuit]\nopen_timeout = '10m'",
        &[
            "lookout.toml:2: circuit.open_timeout: found 10m, allowed: at most circuit.max_open_timeout (5m)",
        ],
    ),
    (
        "[circuit]\nopen_timeout = '10m'\nmax_open_timeout = '9m'\ntrial_failures = 4",
        &[
            "lookout.toml:3: circuit.max_open_timeout: found 9m, allowed: at least circuit.open_timeout (10m)",
            "lookout.toml:4: circuit.trial_failures: found 4, allowed: at most circuit.trial_calls (3)",
        ],
    ),
    // What was refused already is not judged a second time.
    (
        "[circuit]\nopen_timeout = '10 min'\nmax_open_timeout = '20s'",
        &[
            "lookout.toml:2: circuit.open_timeout: found '10 min', allowed: a duration such as 30s, from 1ms to 24h",
        ],
    ),
    (
        "[patience]\nmin = '1m'\n[limits]\nmethods_total = 10\nsettled_for = '1s'\n[traffic]\nmax_payload = 2097152",
        &[
            "lookout.toml:2: patience.min: found 1m, allowed: at most patience.max (30s)",
            "lookout.toml:4: limits.methods_total: found 10, allowed: at least limits.methods (100)",
            "lookout.toml:5: limits.settled_for: found 1s, allowed: at least limits.held_for (2s)",
            "lookout.toml:7: traffic.max_payload: found 2097152, allowed: at most broker.max_packet (1114112)",
        ],
    ),
    (
        "[circuit]\nslow_call_rate = 0.5",
        &[
            "lookout.toml:2: circuit.slow_call_rate: found no circuit.slow_call_duration beside it, allowed: both circuit.slow_call_rate and circuit.slow_call_duration, or neither",
        ],
    ),
    (
        "[circuit]\nslow_call_rate = 0\nslow_call_duration = '1s'",
        &[
            "lookout.toml:2: circuit.slow_call_rate: found 0, allowed: a number above 0 and at most 1",
        ],
    ),
    (
        "[codes]\nfailed = [1, -32001]",
        &[
            "lookout.toml:2: codes.failed[1]: found -32001, allowed: a code that is not in codes.rejected",
        ],
    ),
    // Pairs, dependencies, services.
    (
        "[[traffic.pair]]\nname = 'one'\nreply = 'r/{service}'\n[[traffic.pair]]\ncall = 5\nreply = 's/{service}'\nservize = 'x'",
        &[
            "lookout.toml:1: traffic.pair[0].call: found nothing, allowed: a template of call topics such as \"service/{service}\"",
            "lookout.toml:5: traffic.pair[1].call: found 5, allowed: a template of call topics such as \"service/{service}\"",
            "lookout.toml:7: traffic.pair[1].servize: found an unknown setting, allowed: a known one, did you mean traffic.pair[1].service?",
        ],
    ),
    (
        "[[traffic.pair]]\nname = 'one'\ncall = 'a/{service}'\nreply = 'r/{service}'\n[[traffic.pair]]\nname = 'one'\ncall = 'c/{service}'\nreply = 's/{service}'",
        &[
            "lookout.toml:6: traffic.pair[1].name: found \"one\", allowed: a name that no other pair has",
        ],
    ),
    (
        "[traffic.pair]\ncall = 'a'",
        &[
            "lookout.toml:1: traffic.pair: found a table, allowed: [[traffic.pair]], a table for each pair",
        ],
    ),
    (
        "traffic.pair = [7, {}]",
        &[
            "lookout.toml:1: traffic.pair[0]: found an integer, allowed: a table with name, call and reply",
            "lookout.toml:1: traffic.pair[1].call: found nothing, allowed: a template of call topics such as \"service/{service}\"",
            "lookout.toml:1: traffic.pair[1].reply: found nothing, allowed: a template of reply topics such as \"session/{session}/response\"",
        ],
    ),
    (
        "[dependencies]\nA = ['B', 'A']\nB = 'C'\nC = [1]\n'D+' = ['A']",
        &[
            "lookout.toml:2: dependencies.A: found \"A\", allowed: services other than the one that calls them",
            "lookout.toml:3: dependencies.B: found 'C', allowed: a list of service names of 1 to 256 bytes without + # and control characters",
            "lookout.toml:4: dependencies.C[0]: found 1, allowed: service names of 1 to 256 bytes without + # and control characters",
            "lookout.toml:5: dependencies.\"D+\": found \"D+\", allowed: a service's name of 1 to 256 bytes without + # and control characters",
        ],
    ),
    (
        "[service.A]\npatience = '2h'\ncircuit = 'open'\npatiance = '2s'\n[service]\nB = 1",
        &[
            "lookout.toml:2: service.A.patience: found '2h', allowed: a duration such as 30s, from 1ms to 1h",
            "lookout.toml:3: service.A.circuit: found 'open', allowed: one of \"automatic\", \"forced_open\", \"disabled\", \"observe_only\"",
            "lookout.toml:4: service.A.patiance: found an unknown setting, allowed: a known one, did you mean service.A.patience?",
            "lookout.toml:6: service.B: found an integer, allowed: a table, [service.NAME]",
        ],
    ),
    // Secrets.
    (
        "[broker]\nurl = \"mqtt:://ann:secret@host\"\npassword = 12345",
        &[
            "lookout.toml:2: broker.url: found \"mqtt:://ann:***@host\", allowed: an address such as mqtt://host:1883, mqtts://user:password@host or wss://host/mqtt",
            "lookout.toml:3: broker.password: found ***, allowed: a string that is not empty",
        ],
    ),
    (
        "[broker]\nurl = [\"mqtt://ann:secret@host\",\n\"http://ann:secret@host\", 7]\npasword = 'secret'",
        &[
            "lookout.toml:3: broker.url[1]: found \"http://ann:***@host\", allowed: an address such as mqtt://host:1883, mqtts://user:password@host or wss://host/mqtt",
            "lookout.toml:3: broker.url[2]: found an integer, allowed: an address such as mqtt://host:1883, mqtts://user:password@host or wss://host/mqtt",
            "lookout.toml:4: broker.pasword: found an unknown setting, allowed: a known one, did you mean broker.password?",
        ],
    ),
    (
        "broker = \"mqtt://ann:secret@host\"",
        &["lookout.toml:1: broker: found a string, allowed: a table, [broker]"],
    ),
    (
        "[broker]\nurl = \"mqtt://ann:secret@host\"\nuser = 'ann'\npassword = 'secret'\npassword_file = '/nowhere'",
        &[
            "lookout.toml:3: broker.user: found a user name here and in broker.url, allowed: only one of them",
            "lookout.toml:4: broker.password: found a password here and in broker.url, allowed: only one of them",
            "lookout.toml:5: broker.password_file: found a password here and in broker.url, allowed: only one of them",
        ],
    ),
    (
        "[broker]\npassword_file = '/nowhere/at/all'",
        &[
            "lookout.toml:2: broker.password_file: found \"/nowhere/at/all\", allowed: a file that can be read: No such file or directory (os error 2)",
        ],
    ),
    (
        "[broker]\nprotocol = '3.1.1'\npassword = 'secret'",
        &[
            "lookout.toml:3: broker.password: found a password without a user name, allowed: a user name too, as MQTT 3.1.1 demands",
        ],
    ),
    // Checks, and what runs the services.
    (
        "[[check]]\nkind = \"postgres\"\n[[check]]\nname = \"a\"\nkind = \"tcp\"\nurl = \"tcp://host\"\nmax_lag = \"30s\"\n[[check]]\nname = \"a\"\nkind = \"redis\"\nurl = \"http://ann:hunter2@host\"\n[[check]]\nname = \"b\"\nkind = \"redis\"\nurl = \"redis://ann:hunter2@\"\nintervall = \"5s\"\ntimeout = 7\n[[check]]\nname = \"c\"\nkind = \"disk\"\npath = \"/\"\nwarn_at = 0.95\n[[check]]\nname = \"d\"\nkind = \"emqx\"\n[[check]]\nname = \"e\"\nkind = \"http\"\nurl = \"http://h\"\nca_file = \"/x.pem\"\npassword = \"hunter2\"\npassword_file = \"/nowhere\"\n[[check]]\nname = \"f\"\nkind = \"postgresql\"\nurl = \"postgresql://h/db\"\npassword_file = \"/nowhere\"\nexplains = [\"*a\", \"b*\"]\n[[check]]\nname = \"g\"\nkind = \"tcp\"\nurl = \"tcp://h:1\"\n[[check]]\nname = \"g\"\nkind = \"memory\"\n[replicas]\nlabel = \"app\"\n[remedy]\nenabled = true\n[docker]\nurl = \"/var/run/docker.sock\"\n[service.A]\nworkload = \"a b\"",
        &[
            "lookout.toml:1: check[0].name: found nothing, allowed: a name by which the component is known",
            "lookout.toml:2: check[0].kind: found \"postgres\", allowed: one of \"emqx\", \"mosquitto\", \"loopback\", \"postgresql\", \"mongodb\", \"redis\", \"kubernetes\", \"docker\", \"http\", \"tcp\", \"disk\", \"memory\"",
            "lookout.toml:6: check[1].url: found an address without a port, allowed: tcp://host:port",
            "lookout.toml:7: check[1].max_lag: found max_lag of a check of kind tcp, allowed: such a setting only for postgresql, mongodb, redis",
            "lookout.toml:11: check[2].url: found http://, allowed: an address that begins with redis:// or rediss://",
            "lookout.toml:15: check[3].url: found \"redis://ann:***@\", allowed: an address such as postgresql://db1:5432/orders",
            "lookout.toml:16: check[3].intervall: found an unknown setting, allowed: a known one, did you mean check[3].interval?",
            "lookout.toml:17: check[3].timeout: found 7, allowed: a duration such as 30s, from 100ms to 5m",
            "lookout.toml:22: check[4].warn_at: found 0.95, allowed: at most fail_at (0.9)",
            "lookout.toml:23: check[5].url: found nothing, allowed: an address here or in emqx.url",
            "lookout.toml:30: check[6].ca_file: found \"/x.pem\", allowed: such a setting only beside an address with TLS",
            "lookout.toml:32: check[6].password_file: found a password here and in password, allowed: only one of them",
            "lookout.toml:37: check[7].password_file: found \"/nowhere\", allowed: a file that can be read: No such file or directory (os error 2)",
            "lookout.toml:38: check[7].explains[0]: found \"*a\", allowed: names of services, `*` at the end for any ending",
            "lookout.toml:44: check[9].name: found \"g\", allowed: a name that no other check has",
            "lookout.toml:47: replicas.label: found \"app\", allowed: a label with {service} in its value, such as \"app={service}\"",
            "lookout.toml:49: remedy.enabled: found true, allowed: true only where replicas.from says which platform runs the services",
            "lookout.toml:51: docker.url: found \"/var/run/docker.sock\", allowed: an address such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375",
            "lookout.toml:53: service.A.workload: found \"a b\", allowed: a name of 1 to 63 letters, digits and - _ .",
        ],
    ),
    (
        "[check]\nname = \"x\"",
        &["lookout.toml:1: check: found a table, allowed: [[check]], a table for each component"],
    ),
];
