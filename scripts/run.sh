#!/usr/bin/env bash
# Installs what is missing, builds the release preset, runs the suite in cases/ and leaves
# reports/out/report.json, junit.xml
# and report.html. Arguments go to `mxcheck run`; the exit code is
# the suite's.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
install_missing "${build_packages[@]}"
build mxcheck
mkdir -p reports/out
exec build/release/bin/mxcheck run cases --report json=reports/out/report.json \
  --report junit=reports/out/junit.xml --report html=reports/out/report.html -j 0 "$@"
