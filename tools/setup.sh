#!/usr/bin/env bash
# Installs what is missing and nothing else; safe to run again, quick when there is nothing to do.
# With the word kit also what tests and make kit need: Prometheus, Alertmanager, a converter of rules for a SIEM, rsyslog, Kafka.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

# Debian starts a service it installs, and at every boot. Here they are started for a test, on ports of its own.
policy=/usr/sbin/policy-rc.d
unstarted() {
	[ ! -e $policy ] || return 0
	trap '"${as_root[@]}" rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
	"${as_root[@]}" chmod 755 $policy
}
disabled() {
	[ ! -d /run/systemd/system ] || "${as_root[@]}" systemctl --quiet disable "${services[@]}"
}

# --- Debian/Ubuntu packages -------------------------------------------------------------------------------------
missing=()
command -v tshark >/dev/null || missing+=(tshark)       # engine tshark, explain, the tests' second opinion
command -v ip >/dev/null || missing+=(iproute2)         # live demo and live tests
ldconfig -p 2>/dev/null | grep 'libpcap\.so' >/dev/null || missing+=(libpcap0.8) # compiles capture filters; -q would break the pipe

# the report as PDF
ldconfig -p 2>/dev/null | grep 'libpangoft2-1\.0\.so' >/dev/null || missing+=(libpango-1.0-0 libpangoft2-1.0-0)
ldconfig -p 2>/dev/null | grep 'libharfbuzz-subset\.so' >/dev/null || missing+=(libharfbuzz-subset0)

services=()
if [ "${1:-}" = kit ]; then
	command -v prometheus >/dev/null && command -v promtool >/dev/null || services+=(prometheus)
	command -v prometheus-alertmanager >/dev/null || services+=(prometheus-alertmanager)
	[ -x /usr/sbin/rsyslogd ] || services+=(rsyslog) # a sink of the event log
	compgen -G '/usr/lib/*/rsyslog/lmnsd_ossl.so' >/dev/null || missing+=(rsyslog-openssl)
	command -v java >/dev/null || missing+=(default-jre-headless) # a Kafka broker, the same
	command -v mvn >/dev/null || missing+=(maven)
	missing+=("${services[@]}")
	command -v chromium >/dev/null || missing+=(chromium) # the report in a browser
fi

python=""
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
	if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
		python=$candidate
		break
	fi
done
if [ -z "$python" ]; then
	missing+=(python3 python3-venv)
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
	# Debian keeps venv apart from each python it has: python3-venv for its own, python3.12-venv for another.
	missing+=("$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')")
fi

if [ ${#missing[@]} -gt 0 ]; then
	line="apt-get install -y --no-install-recommends ${missing[*]}"
	as_root=()
	[ "$(id -u)" = 0 ] || as_root=(sudo -n)
	if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
		say "installing ${missing[*]}"
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
		[ ${#services[@]} -eq 0 ] || unstarted
		# shellcheck disable=SC2086 # the line is words
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $line -qq >/dev/null
		[ ${#services[@]} -eq 0 ] || disabled
	else
		say "missing: ${missing[*]}. As root, run:"
		printf '    %s\n' "$line" >&2
		[ -n "$python" ] && "$python" -c 'import ensurepip, venv' 2>/dev/null || exit 2
	fi
	[ -n "$python" ] || python=python3
	if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
		say "Python 3.11 or newer is needed; this machine has $("$python" --version)"
		exit 2
	fi
fi

# --- Python packages, pinned by hash, in the project's own environment --------------------------------------------
stamp=.venv/.stamp
want=$(cat requirements.lock pyproject.toml tools/setup.sh | sha256sum)
if [ ! -x .venv/bin/crossborder ] || [ "$(cat $stamp 2>/dev/null)" != "$want" ]; then
	say "making .venv (about half a minute)"
	[ -x .venv/bin/python ] || "$python" -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	printf '%s\n' "$want" >$stamp
fi

# --- What tests need beside the agent, each in an environment of its own -------------------------------------------
# siem converts rules, and stands on another pySigma than ours; s3 serves an object store.
for one in ${1:+siem s3}; do
	[ "$1" = kit ] || break
	want=$(sha256sum tools/$one.lock)
	if [ "$(cat build/$one/.stamp 2>/dev/null)" != "$want" ]; then
		say "making build/$one"
		[ -x build/$one/bin/python ] || "$python" -m venv build/$one
		build/$one/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/$one.lock
		printf '%s\n' "$want" >build/$one/.stamp
	fi
done

# --- A Kafka broker, for the tests of sinks: Apache's own jars; without them those tests say why they are skipped ---
broker=build/kafka
want=$(sha256sum tools/kafka/pom.xml)
if [ "${1:-}" = kit ] && [ "$(cat $broker/.stamp 2>/dev/null)" != "$want" ]; then
	say "fetching a Kafka broker"
	rm -rf $broker
	if mvn --quiet --batch-mode --strict-checksums --file tools/kafka/pom.xml dependency:copy-dependencies \
		"-DoutputDirectory=$PWD/$broker" >build-kafka.log 2>&1; then
		printf '%s\n' "$want" >$broker/.stamp
		rm -f build-kafka.log
	else
		tail -n 3 build-kafka.log >&2
		say "no Kafka broker; what needs one is not tested"
	fi
fi

# Who starts the agent may not be allowed to write here, and would compile its modules at each start.
.venv/bin/python -m compileall -q agent/crossborder

# --- The native data plane, where Rust is -------------------------------------------------------------------------
native=agent/native
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' $native/Cargo.toml)
rust=$(cargo --version 2>/dev/null | cut -d' ' -f2 || true)
if [ "${CROSSBORDER_NATIVE:-}" = no ]; then
	: # what is there stays
elif [ -n "$rust" ] && [ "$(printf '%s\n' "$oldest" "$rust" | sort -V | head -n 1)" = "$oldest" ]; then
	stamp=.venv/.stamp-native
	want=$(find $native -name target -prune -o -type f -print | LC_ALL=C sort | xargs cat | sha256sum)
	if [ "$(cat $stamp 2>/dev/null)" != "$want" ]; then
		say "building the native data plane (some minutes the first time)"
		rm -rf build/native
		# Say what failed; the warnings of a build that works are for those who write it.
		if .venv/bin/maturin build --quiet --release --locked --interpreter .venv/bin/python \
			--manifest-path $native/crates/python/Cargo.toml --out build/native 2>build-native.log; then
			.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall build/native/*.whl
			printf '%s\n' "$want" >$stamp
			rm -f build-native.log
		else
			cat build-native.log >&2
			say "the native data plane does not build; to go on without it: CROSSBORDER_NATIVE=no make ..."
			exit 2
		fi
	fi
elif ! .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("crossborder_native") is None)'; then
	say "no cargo of $oldest or newer, so no native data plane: the portable engine serves (https://rustup.rs, then make setup)"
fi
