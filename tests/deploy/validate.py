"""Reads manifests on stdin, holds those that Kubernetes knows to its own schemas, and prints the others.

A line of JSON for each document of another API group, for crd.mjs. Members that no schema knows
are errors: Kubernetes would drop them in silence.
"""

import json
import sys

import kubernetes_validate
import yaml

VERSION = sys.argv[1]
checked = 0
for document in yaml.safe_load_all(sys.stdin):
    if document is None:
        continue
    if document["apiVersion"].startswith("monitoring.coreos.com/"):
        print(json.dumps(document))
        continue
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except Exception as error:
        what = getattr(error, "message", error)
        sys.exit(f"{document['kind']} {document['metadata']['name']}: {what}")
    checked += 1
print(f"{checked} manifests are as Kubernetes {VERSION} wants them", file=sys.stderr)
