#!/usr/bin/env bash
# Sets up a machine for Attune: installs libtorch, OpenBLAS and the build tools, builds the native library and the program.
# With `tests` it also builds the tests and installs what they need: Chromium for the tests of pages, a font, and
# PostgreSQL.
# Skips steps that are up to date. CMAKE_PREFIX_PATH or Torch_DIR selects another libtorch (CPU or CUDA) than the system's.
set -euo pipefail

check_platform() {
  case "$(uname -s) $(uname -m)" in
    "Linux x86_64" | "Linux aarch64") return ;;
    Darwin*) echo "Attune does not run on macOS." >&2 ;;
    MINGW* | MSYS* | CYGWIN*) echo "Attune does not run on Windows itself." >&2 ;;
    *) echo "Attune does not run on $(uname -s) on $(uname -m)." >&2 ;;
  esac
  echo "It needs Linux on x86-64 or ARM64: such a machine, WSL 2 on Windows, or a container. README.md lists the platforms." >&2
  exit 1
}

check_platform
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
mkdir -p artifacts
log=artifacts/setup.log
purpose=${1:-}

# alive MESSAGE COMMAND…: runs a long step, prints the elapsed time every few seconds, and shows the log if the step fails.
alive() {
  local message=$1 start=$SECONDS
  shift
  printf '%s …' "$message" >&2
  "$@" >"$log" 2>&1 &
  local job=$!
  while sleep 0.2; kill -0 "$job" 2>/dev/null; do
    if [ $(((SECONDS - start) % 5)) -eq 4 ]; then printf ' %ds' $((SECONDS - start + 1)) >&2; sleep 1; fi
  done
  if wait "$job"; then printf ' done in %ds\n' $((SECONDS - start)) >&2; return; fi
  printf ' FAILED\n' >&2
  tail -n 30 "$log" >&2
  exit 1
}

missing_packages() {
  command -v cmake >/dev/null || echo cmake
  command -v make >/dev/null || echo make
  command -v g++ >/dev/null || echo g++
  if [ -z "${Torch_DIR:-}${CMAKE_PREFIX_PATH:-}" ] && [ ! -e /usr/include/torch ]; then
    echo libtorch-dev
  fi
  local libraries
  libraries=$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p)                  # these folders are not on the PATH of every user
  if [[ $libraries != *libopenblas* ]]; then echo libopenblas0-openmp; fi
  if [[ $libraries != *libicuuc* ]]; then echo libicu-dev; fi
  # NuGet needs certificates and OpenSSL, on which the package of the certificates depends.
  if [[ $libraries != *libssl.so* ]] || ! compgen -G "/etc/ssl/certs/*" >/dev/null; then echo ca-certificates; fi
  if [ "$purpose" = tests ]; then
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || echo chromium
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || echo postgresql
    [ -d /usr/share/fonts/truetype/dejavu ] || echo fonts-dejavu-core
  fi
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update
  apt-get install -y --no-install-recommends "$@"
}

check_dotnet() {
  if command -v dotnet >/dev/null && [[ $'\n'$(dotnet --list-sdks) == *$'\n'1[0-9].* ]]; then return; fi
  echo "Attune needs the .NET SDK 10 (or newer): install it from https://dotnet.microsoft.com/download, then run this again." >&2
  exit 1
}

# Installs what is missing. Without root or apt-get it says what to install, and the setup continues with what is there.
check_packages() {
  local packages
  mapfile -t packages < <(missing_packages)
  if [ ${#packages[@]} -eq 0 ]; then rm -f artifacts/missing; return; fi
  if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
    alive "Installing ${packages[*]}" install_packages "${packages[@]}"
    return
  fi
  if [ "$(cat artifacts/missing 2>/dev/null)" != "${packages[*]}" ] || [[ " ${packages[*]} " == *" libicu-dev "* ]]; then
    echo "${packages[*]}" >artifacts/missing
    echo "Packages are missing: ${packages[*]}. Install them as root, on Debian or Ubuntu:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends ${packages[*]}" >&2
    if [[ " ${packages[*]} " == *" libicu-dev "* ]]; then echo ".NET does not start without ICU (libicu-dev)." >&2; exit 1; fi
    echo "Until then Attune runs without what needs them." >&2
  fi
}

# can_build_native: whether the compiler, CMake and a libtorch are there. The studio and reports work without the native library.
can_build_native() {
  local packages
  packages=" $(missing_packages | tr '\n' ' ')"
  [[ $packages != *" cmake "* && $packages != *" make "* && $packages != *" g++ "* && $packages != *" libtorch-dev "* ]]
}

# newer_than FILE PATHS…: whether FILE does not exist, or a source file in PATHS is newer than it.
newer_than() {
  local built=$1
  shift
  [ ! -e "$built" ] || [ -n "$(find "$@" -newer "$built" -type f -not -path '*/bin/*' -not -path '*/obj/*' -print -quit)" ]
}

build_native() {
  cmake -S native -B artifacts/native -DCMAKE_BUILD_TYPE=Release
  cmake --build artifacts/native -j"$(nproc)"
}

# build WHAT [OPTIONS…]: starts one compiler server for all projects, and stops it after the build.
build() {
  dotnet build "$@" -c Release --nologo -v quiet -p:UseSharedCompilation=true
  dotnet build-server shutdown --vbcscompiler
}

# The selected libtorch; a change rebuilds the native library.
libtorch="Torch_DIR=${Torch_DIR:-} CMAKE_PREFIX_PATH=${CMAKE_PREFIX_PATH:-}"

check_dotnet
check_packages
if [ "$(cat artifacts/libtorch 2>/dev/null)" != "$libtorch" ]; then
  rm -rf artifacts/native
  echo "$libtorch" >artifacts/libtorch
fi
if newer_than artifacts/native/libattune_torch.so native && can_build_native; then
  alive "Building the native library" build_native
  touch artifacts/native/libattune_torch.so
fi
settings=(Directory.Build.props Directory.Packages.props .editorconfig)
if [ -e artifacts/native/libattune_torch.so ]; then settings+=(artifacts/native/libattune_torch.so); fi
if [ "$purpose" = tests ]; then
  if newer_than artifacts/built-tests src tests benchmarks data/frontdesk/make Attune.slnx "${settings[@]}"; then
    alive "Building Attune and its tests" build Attune.slnx
    touch artifacts/built-tests artifacts/built
  fi
elif newer_than artifacts/built src "${settings[@]}"; then
  alive "Building Attune" build src/Attune.Cli -p:RunAnalyzers=false
  touch artifacts/built
fi
