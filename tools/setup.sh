# What ./run and ./test have in common: the SDK, the servers, the package feed, the build. Sourced in the root of the clone.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false DOTNET_CLI_UI_LANGUAGE=en
# Build servers would stay behind for a quarter of an hour after Ctrl+C.
export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false

say() { printf '%s\n' "$@"; }
fail() { say "$@" >&2; exit 1; }

# progress WHAT: to be run beside something that may take longer than 2 s. Says so after 2, 4, 8, … s.
progress() {
    local wait=2 never
    exec {never}<> <(:) # nothing ever comes: a sleep without a process, which would outlive us
    read -rt 2 -u "$never" || true
    while kill -0 $$ 2>/dev/null; do
        say "  $1 … $wait s"
        read -rt $wait -u "$never" || true
        wait=$((wait * 2))
    done
}

# quietly WHAT COMMAND...: what it prints is kept in $output, for whoever wants to show it.
quietly() {
    local status=0 ticker
    progress "$1" &
    ticker=$!
    trap "kill $ticker 2>/dev/null || true" EXIT
    output=$("${@:2}" 2>&1 </dev/null) || status=$?
    kill $ticker 2>/dev/null && wait $ticker 2>/dev/null || true
    return $status
}

need_sdk() {
    dotnet --version >/dev/null 2>&1 ||
        fail "The .NET 10 SDK is missing (global.json names the version): install it from https://dot.net/download, or as the package dotnet-sdk-10.0."
}

# PostgreSQL and Redis from the distribution: we use their programs, on data and ports of our own, and not their services.
need_servers() {
    missing=() sudo=()
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
    command -v redis-server >/dev/null || missing+=(redis-server)
    command -v curl >/dev/null || missing+=(curl) # for the tour
    [ ${#missing[@]} -gt 0 ] || return 0

    command -v apt-get >/dev/null || fail "PostgreSQL and Redis are needed, and without apt-get only you can install them: ${missing[*]}."
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || fail "PostgreSQL and Redis are needed: sudo apt-get install ${missing[*]}"
        sudo=(sudo -n)
    fi
    quietly "installing ${missing[*]}" install_missing || fail "$output" "${missing[*]} could not be installed."
    say "Installed ${missing[*]}."
}

install_missing() {
    "${sudo[@]}" apt-get update || say "Going on with the package lists that are here."
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}" || return
    local service
    for service in "${missing[@]}"; do
        if [ -d /run/systemd/system ]; then "${sudo[@]}" systemctl disable --now "$service"; else "${sudo[@]}" service "$service" stop; fi || true
    done
}

# Sets $restricted. Feed.props reads the remembered answer, so that plain "dotnet build" builds the same.
find_feed() {
    mkdir -p .local
    restricted=${RestrictedFeed:-}
    [ -n "$restricted" ] || restricted=$(sed -n 's|.*<RestrictedFeed>\(.*\)</RestrictedFeed>.*|\1|p' .local/feed.props 2>/dev/null || true)
    [ -n "$restricted" ] || ask_feed
    case $restricted in
        true) say "Package feed: restricted, without Aspire and the LiveKit SDK; their stand-ins are used." ;;
        false) say "Package feed: full, with Aspire." ;;
        *) fail "RestrictedFeed is '$restricted': it must be true or false." ;;
    esac
}

ask_feed() {
    restricted=false
    if ! quietly "looking for Aspire in the package feed" dotnet restore Streaming.AppHost -p:RestrictedFeed=false; then
        case $output in
            *'Failed to retrieve information'* | *'Unable to load the service index'* | *NU1301*)
                fail "$output" "The package feed cannot be reached: check the network, or set RestrictedFeed to true or false." ;;
            *NU110[123]* | *MSB4236*) ;; # the feed answered, and has not got them
            *) fail "$output" "The packages cannot be restored." ;;
        esac
        restricted=true
    fi
    say "<Project><PropertyGroup><RestrictedFeed>$restricted</RestrictedFeed></PropertyGroup></Project>" >.local/feed.props
}

# One build at a time: two ./run of one clone share its output.
build() {
    quietly "building" flock .local/build.lock dotnet build "$1" -nologo -v quiet '-clp:ErrorsOnly;NoSummary' ||
        fail "$(sort -u <<<"$output")" "The build failed."
}
