#!/usr/bin/env bash
# test/kafka/kafka.sh: a real Apache Kafka (KRaft, one broker) and Kafka Connect with Debezium, on private loopback ports.
#
#   kafka.sh fetch                                  jars of Maven Central into the cache; quick when they are there
#   kafka.sh cache                                  print the cache folder
#   kafka.sh init DIR [--tls-sasl] [NAME=VALUE...]  format DIR, choose free ports; NAME=VALUE are broker settings
#   kafka.sh start DIR [as init]                    init when DIR is new, start in the background, wait until it answers
#   kafka.sh run DIR                                in the foreground (the process becomes the broker)
#   kafka.sh wait DIR                               until it answers and every partition has a leader
#   kafka.sh stop DIR | kill DIR | restart DIR      clean stop | kill -9 | stop and start, same data, same ports
#   kafka.sh topic DIR NAME PARTITIONS [NAME=VALUE...]   create a topic (no JVM: milliseconds)
#   kafka.sh connect DIR init|start|run|wait|stop|kill [NAME=VALUE...]   Kafka Connect, distributed, exactly-once source on
#
# DIR afterwards: bootstrap (host:port), kafka.pid, server.properties, broker.log, data/; with --tls-sasl also bootstrap.tls
# (SASL_SSL, SCRAM-SHA-512), tls/ca.pem, sasl.user, sasl.password; with connect also connect/{url,connect.pid,worker.properties,connect.log}.
# init on a DIR that is formatted does nothing, so that data and ports survive every kill.
#
# OMS_KAFKA_CACHE      the cache folder; else /var/cache/oms_state/kafka where root has filled or may fill it, else ~/.cache/oms_state/kafka
# OMS_KAFKA_VERSION    another Kafka than that of rig.xml, in a cache of its own
# OMS_KAFKA_JAVA_OPTS  instead of the small and quick default options of the JVM
# Exit status 75: Kafka cannot be had here (no java, no mvn, or Maven Central cannot be reached); the reason is on stderr.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kafka_version=${OMS_KAFKA_VERSION:-$(sed -n 's|.*<kafka.version>\(.*\)</kafka.version>.*|\1|p' "$here/rig.xml")}
debezium_version=$(sed -n 's|.*<debezium.version>\(.*\)</debezium.version>.*|\1|p' "$here/rig.xml")
unset CLASSPATH JAVA_TOOL_OPTIONS

say() { printf '%s\n' "$*"; }
die() { printf 'kafka.sh: %s\n' "$*" >&2; exit 1; }
cannot() { printf 'kafka.sh: no Kafka here: %s\n' "$*" >&2; exit 75; }
usage() { sed -n '4,13s/^#   //p' "${BASH_SOURCE[0]}" >&2; exit 2; }

# --- the cache -------------------------------------------------------------------------------

# The home of the user we are, whatever HOME says: tests run with a HOME that is thrown away.
home_of_user() { getent passwd "$(id -u)" | cut -d: -f6; }

cache_root() {
    local shared=/var/cache/oms_state/kafka
    if [ -n "${OMS_KAFKA_CACHE:-}" ]; then
        say "$OMS_KAFKA_CACHE"
    elif [ "$(id -u)" -eq 0 ] || [ -d "$shared/$kafka_version-$debezium_version" ]; then
        say "$shared"
    else
        say "${HOME:?}/.cache/oms_state/kafka"
    fi
}
cache_dir() { say "$(cache_root)/$kafka_version-$debezium_version"; }

java_release() { java -version 2>&1 | sed -n 's/.*version "\([^"]*\)".*/\1/p'; }
archive_of() { say "$(cache_dir)/$1-$(java_release).jsa"; }

# maven PROFILE FOLDER: copy what a profile needs at run time; checksums are checked (-C).
maven() {
    local repository=() home
    home=$(home_of_user)
    if [ ! -d "$home" ] || [ ! -w "$home" ]; then
        repository=("-Dmaven.repo.local=$temporary/repository")
    fi
    timeout 900 mvn -B -q -C "${repository[@]}" -Dmaven.wagon.http.retryHandler.count=2 -Dmaven.wagon.rto=60000 \
        -f "$here/rig.xml" -P "$1" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        "-Dkafka.version=$kafka_version" -DincludeScope=runtime -DoutputDirectory="$2" > "$temporary/maven.log" 2>&1 < /dev/null && return 0
    # the cause stands last in a long line
    grep -m 3 -E 'ERROR|timed out' "$temporary/maven.log" | sed -E 's/^(\[ERROR\]) .*: (Could not (transfer|find|resolve) artifact)/\1 \2/' | cut -c 1-1000 >&2 || tail -n 3 "$temporary/maven.log" >&2
    cannot "Maven could not get the jars of Kafka $kafka_version and Debezium $debezium_version (is Maven Central reachable?)"
}

# Everything is made beside its place and then renamed: a fetch that is stopped leaves the cache as it was.
fetch_jars() {
    local dir=$1 profile
    command -v mvn > /dev/null || cannot "mvn is not installed (Debian: maven)"
    # what a fetch left that was killed
    rm -rf "$dir".??????
    say "kafka.sh: getting Kafka $kafka_version and Debezium $debezium_version from Maven Central, once" >&2
    temporary=$(mktemp -d "$dir.XXXXXX")
    trap 'rm -rf "$temporary"' EXIT
    for profile in broker connect; do
        maven "$profile" "$temporary/lib/$profile"
    done
    maven debezium "$temporary/lib/plugins/debezium-postgres"
    chmod -R a+rX "$temporary/lib"
    chmod 0755 "$temporary"
    rm -rf "$temporary/repository" "$temporary/maven.log"
    mv -T "$temporary" "$dir"
    trap - EXIT
}

# A class data archive halves the time to start.  Without one all works as well, so its failure is none.
make_archive() {
    local archive trial
    archive=$(archive_of broker)
    [ ! -e "$archive" ] && [ -w "$(cache_dir)" ] || return 0
    trial=$(mktemp -d)
    if init "$trial" && OMS_KAFKA_ARCHIVE=$trial/broker.jsa start "$trial" && stop "$trial" && [ -s "$trial/broker.jsa" ]; then
        chmod 0444 "$trial/broker.jsa"
        cp -p "$trial/broker.jsa" "$archive.$$" && mv "$archive.$$" "$archive"
    fi > /dev/null 2>&1 || true
    rm -rf "$trial" "$archive.$$"
}

fetch() {
    local dir
    command -v java > /dev/null || cannot "java is not installed (Debian: openjdk-17-jre-headless)"
    dir=$(cache_dir)
    if [ ! -d "$dir" ] || { [ -w "$dir" ] && [ ! -e "$(archive_of broker)" ]; }; then
        mkdir -p "$(cache_root)" || cannot "cannot make the cache folder $(cache_root)"
        [ "$(id -u)" -ne 0 ] || chmod 0755 "$(cache_root)"
        # one at a time; who had to wait finds it done
        exec 9> "$(cache_root)/lock"
        flock 9
        [ -d "$dir" ] || fetch_jars "$dir"
        make_archive
        exec 9>&-
    fi
}

# --- processes -------------------------------------------------------------------------------

free_ports() {
    perl -MIO::Socket::INET -e '
        my @held = map { IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => 0) or die "no port: $!" } 1 .. $ARGV[0];
        print join(" ", map { $_->sockport } @held), "\n"' "$1"
}

# class_path FOLDER: the jars in a fixed order, as the archive wants it.
class_path() {
    local jars=("$(cache_dir)/lib/$1"/*.jar)
    [ -e "${jars[0]}" ] || die "no jars in $(cache_dir); run: kafka.sh fetch"
    (IFS=:; say "${jars[*]}")
}

# java_options ARCHIVE LOG4J: sets the array options.
java_options() {
    local archive
    archive=$(archive_of "$1")
    # shellcheck disable=SC2206
    options=(${OMS_KAFKA_JAVA_OPTS:--Xmx384m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC})
    if [ -n "${OMS_KAFKA_ARCHIVE:-}" ]; then
        options+=("-XX:ArchiveClassesAtExit=$OMS_KAFKA_ARCHIVE")
    elif [ -e "$archive" ]; then
        options+=("-XX:SharedArchiveFile=$archive")
    fi
    options+=(-Djava.awt.headless=true "-Dlog4j.configuration=file:$2")
}

# pid_of FILE MARK: the process of a pid file, if it lives and its command line ends in MARK.
pid_of() {
    local pid
    pid=$(cat "$1" 2> /dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] && tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -qF -- " $2 " || return 1
    say "$pid"
}

# end_process FILE MARK SIGNAL: send it, wait until the process is gone (after 30 s: -9), remove the file.
end_process() {
    local pid tries
    if pid=$(pid_of "$1" "$2"); then
        kill "-$3" "$pid" 2> /dev/null || true
        kill -CONT "$pid" 2> /dev/null || true
        for ((tries = 0; tries < 600; tries++)); do
            pid_of "$1" "$2" > /dev/null || break
            sleep 0.05
        done
        kill -KILL "$pid" 2> /dev/null || true
    fi
    rm -f "$1"
}

log4j_of() {
    cat << CONFIG
log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c{1})%n
log4j.logger.kafka.server.KafkaConfig=WARN
log4j.logger.org.apache.kafka.clients=WARN
log4j.logger.org.apache.kafka.common=WARN
log4j.logger.org.apache.kafka.connect.runtime.isolation=FATAL
log4j.logger.org.apache.kafka.connect.runtime.rest=WARN
log4j.logger.org.eclipse.jetty=WARN
CONFIG
}

# --- the broker ------------------------------------------------------------------------------

# server_properties DIR PLAIN CONTROLLER: small and quick.  The short session lets a broker that was
# killed come back at once: its old registration must run out first.
server_properties() {
    cat << CONFIG
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$3
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$1/data
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=8388608
log.index.size.max.bytes=1048576
CONFIG
}

listeners() {
    if [ $# -eq 2 ]; then
        say "listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2"
        say "advertised.listeners=PLAINTEXT://127.0.0.1:$1"
        say "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"
    else
        say "listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2,SASL_SSL://127.0.0.1:$3"
        say "advertised.listeners=PLAINTEXT://127.0.0.1:$1,SASL_SSL://127.0.0.1:$3"
        say "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL"
    fi
}

tls_properties() {
    cat << CONFIG
ssl.keystore.type=PEM
ssl.keystore.location=$1/tls/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$1/tls/ca.pem
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
CONFIG
}

# A certificate authority and a broker's certificate for 127.0.0.1 and localhost, good for two days.
make_keys() {
    local tls=$1/tls
    mkdir -p "$tls"
    {
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=oms test authority' -keyout "$tls/ca.key" -out "$tls/ca.pem"
        openssl req -newkey rsa:2048 -nodes -subj '/CN=oms test broker' -keyout "$tls/broker.key" -out "$tls/broker.csr"
        openssl x509 -req -days 2 -in "$tls/broker.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -out "$tls/broker.crt" \
            -extfile <(say 'subjectAltName=IP:127.0.0.1,DNS:localhost')
    } 2> "$tls/openssl.log" || { cat "$tls/openssl.log" >&2; die "openssl could not make the keys"; }
    cat "$tls/broker.key" "$tls/broker.crt" > "$tls/broker.pem"
    say oms_bridge > "$1/sasl.user"
    openssl rand -hex 16 > "$1/sasl.password"
}

init() {
    local dir tls='' ports scram=() options
    mkdir -p "$1"
    dir=$(cd "$1" && pwd -P)
    shift
    [ ! -e "$dir/bootstrap" ] || return 0
    class_path broker > /dev/null
    if [ "${1:-}" = --tls-sasl ]; then tls=1; shift; fi
    umask 077
    read -ra ports <<< "$(free_ports $((2 + ${tls:-0})))"
    { server_properties "$dir" "${ports[@]}"; listeners "${ports[@]}"; } > "$dir/server.properties"
    if [ -n "$tls" ]; then
        make_keys "$dir"
        tls_properties "$dir" >> "$dir/server.properties"
        scram=(--add-scram "SCRAM-SHA-512=[name=$(cat "$dir/sasl.user"),password=$(cat "$dir/sasl.password")]")
        say "127.0.0.1:${ports[2]}" > "$dir/bootstrap.tls"
    fi
    [ $# -eq 0 ] || printf '%s\n' "$@" >> "$dir/server.properties"
    log4j_of > "$dir/log4j.properties"
    java_options broker "$dir/log4j.properties"
    rm -rf "$dir/data"
    java "${options[@]}" -cp "$(class_path broker)" kafka.tools.StorageTool format -t "$(openssl rand -base64 16 | tr '+/' 'AB' | cut -c 1-22)" \
        -c "$dir/server.properties" "${scram[@]}" > "$dir/format.log" 2>&1 || { tail -n 5 "$dir/format.log" >&2; die "cannot format $dir/data"; }
    # last: a folder that has it is whole
    say "127.0.0.1:${ports[0]}" > "$dir/bootstrap"
}

# The shell becomes the broker, so that who started it knows its process id.
run() {
    local dir options
    dir=$(cd "$1" && pwd -P)
    java_options broker "$dir/log4j.properties"
    say $$ > "$dir/kafka.pid"
    exec java "${options[@]}" -cp "$(class_path broker)" kafka.Kafka "$dir/server.properties" >> "$dir/broker.log" 2>&1 < /dev/null
}

start() {
    local dir
    init "$@"
    dir=$(cd "$1" && pwd -P)
    ! pid_of "$dir/kafka.pid" "$dir/server.properties" > /dev/null || return 0
    setsid "$here/kafka.sh" run "$dir" > /dev/null 2>&1 &
    wait_for_broker "$dir"
}

wire() { perl -I"$here/../lib" -MKafkaWire "$@"; }

wait_for_broker() {
    wire -e 'my $wire = KafkaWire->new($ARGV[0]); exit($wire->wait_until_up($ARGV[1]) ? 0 : 1)' "$(cat "$1/bootstrap")" 60 ||
        { tail -n 20 "$1/broker.log" >&2; die "the broker does not answer"; }
}

stop() { local dir; dir=$(cd "$1" && pwd -P); end_process "$dir/kafka.pid" "$dir/server.properties" TERM; }
kill9() { local dir; dir=$(cd "$1" && pwd -P); end_process "$dir/kafka.pid" "$dir/server.properties" KILL; }

topic() {
    [ $# -ge 3 ] || usage
    wire -e 'my ($bootstrap, $name, $partitions, @config) = @ARGV;
        eval { KafkaWire->new($bootstrap)->create_topic($name, $partitions, map { split /=/, $_, 2 } @config); 1 } or die "kafka.sh: $@"' \
        "$(cat "$1/bootstrap")" "${@:2}"
}

# --- Kafka Connect ---------------------------------------------------------------------------

# worker_properties DIR PORT: the worker file that we ship, and what is ours here (the last line of a name counts).
worker_properties() {
    cat "$here/../../debezium/worker.properties"
    cat << CONFIG

# --- this rig
bootstrap.servers=$(cat "$1/bootstrap")
listeners=http://127.0.0.1:$2
plugin.path=$(cache_dir)/lib/plugins
plugin.discovery=service_load
config.providers.file.param.allowed.paths=$1/connect
offset.flush.interval.ms=1000
CONFIG
}

connect_init() {
    local dir=$1
    shift
    [ ! -e "$dir/connect/url" ] || return 0
    local port
    port=$(free_ports 1)
    mkdir -p "$dir/connect"
    worker_properties "$dir" "$port" > "$dir/connect/worker.properties"
    [ $# -eq 0 ] || printf '%s\n' "$@" >> "$dir/connect/worker.properties"
    log4j_of > "$dir/connect/log4j.properties"
    say "http://127.0.0.1:$port" > "$dir/connect/url"
}

connect_run() {
    local dir=$1 options
    java_options connect "$dir/connect/log4j.properties"
    say $$ > "$dir/connect/connect.pid"
    cd "$dir/connect"
    exec java "${options[@]}" -cp "$(class_path connect)" org.apache.kafka.connect.cli.ConnectDistributed "$dir/connect/worker.properties" \
        >> "$dir/connect/connect.log" 2>&1 < /dev/null
}

connect_wait() {
    local url tries
    url=$(cat "$1/connect/url")
    for ((tries = 0; tries < 600; tries++)); do
        # a worker that waits for the open transaction of one that was killed is not up yet
        perl -MHTTP::Tiny -e 'exit(HTTP::Tiny->new(timeout => 5)->get($ARGV[0])->{success} ? 0 : 1)' "$url/health" && return 0
        sleep 0.1
    done
    tail -n 20 "$1/connect/connect.log" >&2
    die "Kafka Connect does not answer"
}

connect() {
    [ $# -ge 2 ] || usage
    local dir verb=$2
    dir=$(cd "$1" && pwd -P)
    shift 2
    case $verb in
        init) connect_init "$dir" "$@" ;;
        run) connect_run "$dir" ;;
        wait) connect_wait "$dir" ;;
        start)
            connect_init "$dir" "$@"
            setsid "$here/kafka.sh" connect "$dir" run > /dev/null 2>&1 &
            connect_wait "$dir"
            ;;
        stop) end_process "$dir/connect/connect.pid" "$dir/connect/worker.properties" TERM ;;
        kill) end_process "$dir/connect/connect.pid" "$dir/connect/worker.properties" KILL ;;
        *) usage ;;
    esac
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in fetch | cache) ;; *) [ $# -ge 1 ] || usage ;; esac
case $verb in
    fetch) fetch ;;
    cache) cache_dir ;;
    init | start | run | stop | topic | connect) "$verb" "$@" ;;
    wait) wait_for_broker "$1" ;;
    kill) kill9 "$1" ;;
    restart) stop "$1" && start "$1" ;;
    *) usage ;;
esac
