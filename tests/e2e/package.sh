#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Debian package: built into its own folder only, with everything in its place, a unit that
# systemd accepts and rates as closed, and a binary that runs from where it lies.
. "$(dirname "$0")/common.inc"

build=$(cd "$(dirname "$otaru")/.." && pwd)
[ -f "$build/CPackConfig.cmake" ] || fail "no CPackConfig.cmake in $build"
touch "$work/marker"
# A build with sanitizers is packaged as it is; leaks of the programs that cpack runs are not ours.
ASAN_OPTIONS=detect_leaks=0 cpack --config "$build/CPackConfig.cmake" -B "$work/out" \
  >"$work/cpack" 2>&1 || fail "cpack: $(tail -n 20 "$work/cpack")"
deb=$(find "$work/out" -maxdepth 1 -name 'otaru_*.deb')
[ -f "$deb" ] || fail "no package: $(ls "$work/out")"
dpkg-deb --contents "$deb" >"$work/list"
sed 's|.* \./|/|' "$work/list" | grep -v '/$' | while read -r path; do
  if [ -e "$path" ] && [ "$path" -nt "$work/marker" ]; then fail "cpack wrote $path"; fi
done
has() {  # has MODE PATH
  grep -qE "^$1 root/root .* \./$2$" "$work/list" || fail "no $2 ($1) in: $(cat "$work/list")"
}
has -rwxr-xr-x usr/bin/otaru
has -rw-r--r-- usr/lib/systemd/system/otaru.service
has -rw-r--r-- etc/otaru/otaru.toml
has -rw-r--r-- usr/share/doc/otaru/copyright
has -rw-r--r-- usr/share/man/man1/otaru.1.gz
has -rw-r--r-- usr/share/man/man1/otaru-device.1.gz
has -rw-r--r-- usr/share/bash-completion/completions/otaru
has -rw-r--r-- usr/share/zsh/vendor-completions/_otaru
has -rw-r--r-- usr/share/fish/vendor_completions.d/otaru.fish
dpkg-deb --info "$deb" >"$work/info"
grep -q "Depends:.*adduser.*libc6 (>= .*libsodium23" "$work/info" || fail "$(cat "$work/info")"
dpkg-deb --control "$deb" "$work/control"
grep -qx /etc/otaru/otaru.toml "$work/control/conffiles" || fail "the settings are no conffile"
for script in postinst prerm postrm; do
  sh -n "$work/control/$script" && [ -x "$work/control/$script" ] || fail "$script"
done

dpkg-deb --extract "$deb" "$work/root"
"$work/root/usr/bin/otaru" config check "$work/root/etc/otaru/otaru.toml" >/dev/null
gzip -dc "$work/root/usr/share/man/man1/otaru.1.gz" | grep -q "^.TH OTARU 1" || fail "man page"
sed "s|/usr/bin/otaru|$work/root/usr/bin/otaru|; s|^User=.*|User=root|; s|^Group=.*|Group=root|" \
  "$work/root/usr/lib/systemd/system/otaru.service" >"$work/otaru.service"
SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$work/otaru.service" \
  >"$work/verify" 2>&1 || fail "the unit: $(cat "$work/verify")"
if grep "otaru.service" "$work/verify"; then fail "the unit"; fi
cp "$work/root/usr/lib/systemd/system/otaru.service" "$work/otaru.service"
systemd-analyze security --offline=true --threshold=20 --no-pager "$work/otaru.service" \
  >"$work/security" 2>&1 || fail "the unit is open: $(tail -n 3 "$work/security")"

otaru=$work/root/usr/bin/otaru
start_server
[ "$("$otaru" --server "$url" ready)" = ready ] || fail "it is not ready"
stop_server
status=0
"$otaru" --server "$url" ready 2>/dev/null || status=$?
[ "$status" = 3 ] || fail "ready without a server ends with $status"
