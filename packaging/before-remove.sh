#!/bin/sh
# Debian says "remove", RPM says 0. An upgrade leaves the service alone.
set -e
if [ -d /run/systemd/system ] && { [ "$1" = remove ] || [ "$1" = 0 ]; }; then
    systemctl disable --now rota.service
fi
