#!/usr/bin/env bash
# setup.sh DEST - installs the Autobahn test suite so that DEST/wstest runs it.
#
# The suite's newest release, 25.10.1, is Python 2.7 code. This unpacks Debian bullseye's PyPy 7.3.3
# (Python 2.7.18) with the shared libraries it needs under DEST and puts the suite's pinned packages
# beside it. Nothing is installed into the system, apt's own state stays as it is, no compiler and no
# root is needed. DEST may be moved afterwards. A second run does nothing.
#
# Needs apt-get and dpkg-deb with a Debian mirror that also carries bullseye, and a package index
# that pip is configured for. BULLSEYE_MIRROR=URI overrides the mirror.
set -euo pipefail
export LC_ALL=C
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)

die() { printf 'autobahn: error: %s\n' "$*" >&2; exit 1; }
say() { printf 'autobahn: %s\n' "$*"; }

[ $# -eq 1 ] && [ -n "$1" ] || die "usage: setup.sh DEST"
mkdir -p -- "$1" || die "cannot create $1"
dest=$(cd -- "$1" && pwd -P)
runtime=$dest/runtime
stage=$dest/.stage
log=$dest/setup.log
stamp=$(cat "$here"/* | cksum)

works() { "$dest/wstest" --autobahnversion 2>/dev/null | grep -q '^AutobahnTestSuite '; }
[ "$(cat "$runtime/.stamp" 2>/dev/null)" = "$stamp" ] && works && exit 0

for tool in apt-get apt-config dpkg-deb flock; do
  command -v "$tool" >/dev/null || die "$tool not found: this needs a Debian system (or use the Docker image, see autobahn/README.md)"
done
exec 9> "$dest/.lock"
flock 9 || die "cannot lock $dest/.lock"

: > "$log"
fail() { tail -n 15 "$log" | sed 's/^/  | /' >&2; die "$* (log: $log)"; }
rm -rf -- "$stage"
mkdir -p "$stage"/apt/{none,cache/archives/partial,state/lists/partial} "$stage"/{debs,root,lib}
trap 'rm -rf -- "$stage"' EXIT

# --- PyPy 2.7 from Debian bullseye ---
# A private apt configuration: of the system's it takes how to fetch (proxy, certificates), and no
# sources, hooks or state.
apt=$stage/apt
: > "$apt/status"
{
  apt-config dump | grep '^Acquire::' | grep -v -E '^Acquire::(IndexTargets|Changelogs|Languages)' || true
  cat <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$apt/none";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/none";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$apt/none";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
CONF
} > "$apt/apt.conf"

mirrors() { # the archives that apt is configured for, those named like a Debian archive first
  if [ -n "${BULLSEYE_MIRROR:-}" ]; then printf '%s\n' "$BULLSEYE_MIRROR"; return; fi
  apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 2>>"$log" |
    grep -v -i security |
    awk '!seen[$0]++ { if ($0 ~ /\/debian\/?$/) print; else rest = rest $0 "\n" } END { printf "%s", rest }'
}
signed=
for key in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
  [ -r "$key" ] && signed="[signed-by=$key] " && break
done
say "fetching PyPy (Python 2.7) from Debian bullseye"
mirrors > "$apt/mirrors"
[ -s "$apt/mirrors" ] || die "apt has no Debian mirror configured; set BULLSEYE_MIRROR=URI"
found=
while IFS= read -r mirror; do
  printf 'deb %s%s bullseye main\n' "$signed" "$mirror" > "$apt/sources.list"
  if APT_CONFIG=$apt/apt.conf apt-get -q update >>"$log" 2>&1; then found=1; break; fi
done < "$apt/mirrors"
[ -n "$found" ] || fail "no archive that apt is configured for has Debian bullseye; is this machine offline? (BULLSEYE_MIRROR=URI overrides)"
(
  cd "$stage/debs"
  APT_CONFIG=$apt/apt.conf apt-get -q download pypy pypy-lib python-pip-whl \
    libffi7 libssl1.1 libexpat1 libbz2-1.0 zlib1g libtinfo6
) >>"$log" 2>&1 || fail "cannot download the bullseye packages; is this machine offline?"
for deb in "$stage"/debs/*.deb; do
  dpkg-deb -x "$deb" "$stage/root" >>"$log" 2>&1 || fail "cannot unpack $deb"
done
mv "$stage/root/usr/lib/pypy" "$stage/pypy"
rm -rf "$stage/pypy/lib-python/2.7/test"
find "$stage/root/lib" "$stage/root/usr/lib" -path '*-linux-gnu*/lib*.so.*' -exec cp -a -t "$stage/lib" {} +

cat > "$stage/python" <<'SH'
#!/bin/sh
# PyPy 2.7 with its own shared libraries and nobody else's modules.
runtime=$(dirname -- "$(readlink -f -- "$0")")
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONWARNINGS PYTHONDONTWRITEBYTECODE
[ -z "$SUITE_PYTHONPATH" ] || { PYTHONPATH=$SUITE_PYTHONPATH; export PYTHONPATH; }
PYTHONNOUSERSITE=1 LD_LIBRARY_PATH="$runtime/lib" exec "$runtime/pypy/bin/pypy-c" "$@"
SH
chmod +x "$stage/python"
"$stage/python" -c 'import ssl, zlib, pyexpat, ctypes' >>"$log" 2>&1 || fail "the unpacked PyPy does not start"

# --- the suite and its dependencies, pinned by hash ---
pip() { # pip 20.3.4 under PyPy; it reads pip's usual configuration
  env -u PIP_USER -u PIP_TARGET -u PIP_PREFIX -u PIP_REQUIRE_VIRTUALENV -u PIP_REQUIREMENT -u PIP_CONSTRAINT \
    PIP_NO_PYTHON_VERSION_WARNING=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    "$stage/python" -B -m pip "$@" >>"$log" 2>&1
}
offline="is this machine offline, or pip's index not reachable?"
site=$stage/site

say "installing autobahntestsuite 25.10.1 and its pinned dependencies"
# Debian's own pip wheel only fetches the plain pip and setuptools.
SUITE_PYTHONPATH=$(printf '%s:' "$stage"/root/usr/share/python-wheels/*.whl)
export SUITE_PYTHONPATH
# --no-compile: pip expects CPython's .pyc names.
install=(install -q --no-compile --no-deps --require-hashes --target "$site")
pip "${install[@]}" -r "$here/bootstrap.txt" || fail "cannot fetch pip: $offline"
SUITE_PYTHONPATH=$site
pip "${install[@]}" --no-build-isolation -r "$here/requirements.txt" || fail "cannot install the suite: $offline"
# Twisted has no Python 2 wheel and would compile an extension that nothing here uses: only the pure
# Python part of its source distribution is taken.
pip download -q --no-deps --no-build-isolation --require-hashes -d "$stage/twisted" -r "$here/twisted.txt" ||
  fail "cannot fetch Twisted: $offline"
(
  cd "$stage/twisted"
  "$stage/python" -c 'import glob, tarfile; tarfile.open(glob.glob("*.tar.*")[0]).extractall()'
  cd Twisted-*/
  "$stage/python" -B setup.py -q build_py -d "$site"
) >>"$log" 2>&1 || fail "cannot install Twisted"
unset SUITE_PYTHONPATH
cp "$here/wstest.py" "$stage/wstest.py"

# --- in place ---
rm -rf -- "$stage"/{apt,debs,root,twisted} "$runtime"
mv "$stage" "$runtime"
cat > "$dest/wstest" <<'SH'
#!/bin/sh
runtime=$(dirname -- "$(readlink -f -- "$0")")/runtime
# zlib's tables in mappings of their own, so that what is freed goes back to the system.
export MALLOC_MMAP_THRESHOLD_=32768
exec "$runtime/python" -u "$runtime/wstest.py" "$@"
SH
chmod +x "$dest/wstest"
works || { "$dest/wstest" --autobahnversion >>"$log" 2>&1 || true; fail "wstest does not run"; }
printf '%s\n' "$stamp" > "$runtime/.stamp"
say "the suite is in $dest"
