#!/bin/sh
# The namespace of Drover's workflows. What is over is kept there for three days, for whoever looks into
# Temporal itself; Drover keeps its own log of every run.
set -eu

if temporal operator namespace describe --namespace default >/dev/null 2>&1; then
    exit 0
fi
temporal operator namespace create --namespace default --retention 72h
