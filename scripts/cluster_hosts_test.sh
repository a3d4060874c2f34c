#!/usr/bin/env bash
# A run over two hosts: two network namespaces of this machine with one cable between them, two ranks
# on each, MPI over TCP. The report must be that of one process, and results must have come through
# the cable.  scripts/cluster_hosts_test.sh [BIN_DIR]      default: build/release/bin
# Exit code 77 where there is no MPI, or namespaces may not be made. Touches no interface that is
# not its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$(realpath "${1:-build/release/bin}")
leave_out() { echo "left out: $1"; exit 77; }
[ -x "$bin/mxcheck-mpi" ] || leave_out "mxcheck-mpi was not built"
command -v mpirun >/dev/null || leave_out "no mpirun"
command -v ip >/dev/null || leave_out "no ip (iproute2)"
command -v unshare >/dev/null || leave_out "no unshare (util-linux)"

# Namespaces are named by their addresses: mpirun calls a host by that name.
first=10.213.$(($$ % 250 + 1)).1
second=${first%.1}.2
folder=$(mktemp -d)
clean_up() {
  ip netns delete "$first" 2>/dev/null || true
  ip netns delete "$second" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT
{ ip netns add "$first" && ip netns add "$second"; } 2>/dev/null ||
  leave_out "network namespaces may not be made here"
ip netns exec "$first" true 2>/dev/null || leave_out "nothing can be run in a network namespace here"
ip link add mxcheck0 netns "$first" type veth peer name mxcheck0 netns "$second" 2>/dev/null ||
  leave_out "no veth interfaces here"
for host in "$first" "$second"; do
  ip -n "$host" link set lo up
  ip -n "$host" address add "$host/30" dev mxcheck0
  ip -n "$host" link set mxcheck0 up
done

# What stands for ssh: AGENT HOST COMMAND...
cat >"$folder/agent" <<'END'
#!/bin/bash
host=$1
shift
exec ip netns exec "$host" unshare --uts bash -c "hostname $host; $*"
END
chmod +x "$folder/agent"
received() { ip netns exec "$first" cat /sys/class/net/mxcheck0/statistics/rx_bytes; }

cat >"$folder/many.json" <<END
{"mxcheck": 1, "title": "tiny", "tags": ["smoke"],
 "inputs": {"x": {"random": "normal", "seed": "\${S}", "shape": [2, 4]}},
 "params": {"d/kernel": {"random": "normal", "seed": 2, "shape": [4, 3]}},
 "nodes": [{"name": "y", "op": "dot_general", "module": "d", "args": ["x", "d/kernel"],
            "dimension_numbers": [[[1], [0]], [[], []]]}],
 "rules": [{"module_path": ".*", "weight_qtype": "s8", "act_qtype": "s8"}],
 "run": {"mode": "forward"},
 "matrix": {"S": [$(seq -s, 1 140)]}}
END
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PATH=$bin:$PATH
cd "$folder"
mxcheck run many.json -q --report json=one.json
before=$(received)
timeout 120 "$folder/agent" "$first" mpirun --mca plm_rsh_agent "$folder/agent" \
  --mca oob_tcp_if_include mxcheck0 --mca btl_tcp_if_include mxcheck0 --mca btl tcp,self \
  --mca hwloc_base_binding_policy none --host "$first:2,$second:2" -x PATH -n 4 \
  mxcheck run many.json -q --report json=two.json
through=$(($(received) - before))

sed -E 's/"milliseconds": [0-9.e+-]+/"milliseconds": 0/' one.json >one.txt
sed -E 's/"milliseconds": [0-9.e+-]+/"milliseconds": 0/' two.json >two.txt
cmp one.txt two.txt || { echo "the report of two hosts is another one"; exit 1; }
# Every case of the second host is a part of the report that came through the cable; at the least one.
cases=$(grep -c '^   "id": ' one.json)
least=$(($(wc -c <one.json) / cases))
[ "$through" -ge "$least" ] || { echo "only $through bytes came from the second host"; exit 1; }
echo "two hosts, 4 ranks, $cases cases: the report of one process; $through bytes from the second host"
