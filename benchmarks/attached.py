"""Which device --device means."""

from __future__ import annotations

import argparse
import shutil
import sys

from apple.ios_device import IosDevice, find_ios_device
from apple.mac import Mac, mac_executors, require_mac
from apple.swift import engine_options, find_tool, is_swift
from device import Host
from device_arguments import check_app_arguments, check_here_arguments, check_phone_arguments
from lazydit.errors import LazyDiTError
from lazydit_export.adb import Phone, attached_phones, find_phone

HOST = "host"
MAC = "mac"
ANDROID = "android"
IOS = "ios"
ATTACHED = "attached"
"""--device without a value: an Android phone if there is one, else the host."""

DEVICES = (HOST, MAC, ANDROID, IOS)


def chosen_device(arguments: argparse.Namespace) -> Host | Phone | IosDevice:
    """What to measure.

    Raises LazyDiTError when the device asked for is not known or not there, or when other arguments
    do not go with it.
    """
    name = _named(arguments.device, arguments.serial)
    if name == IOS:
        check_app_arguments(arguments)
        return find_ios_device(arguments.serial)
    if name == ANDROID:
        phone = find_phone(arguments.serial)
        check_phone_arguments(arguments)
        return phone
    if name == MAC:
        require_mac()
        arguments.executor = arguments.executor or mac_executors(arguments.bundle)
    check_here_arguments(arguments)
    swift = [executor for executor in arguments.executor or [] if is_swift(executor)]
    for executor in swift:
        engine_options(executor)
    tool = find_tool(arguments.bench) if swift else None
    return Mac(tool) if name == MAC else Host(tool)


def _named(device: str, serial: str | None) -> str:
    if device == ATTACHED:
        if serial is not None or (shutil.which("adb") and attached_phones()):
            return ANDROID
        print("no Android phone is attached: measuring the host", file=sys.stderr)
        return HOST
    if device not in DEVICES:
        known = f"{', '.join(DEVICES[:-1])} or {DEVICES[-1]}"
        raise LazyDiTError(f"device '{device}' is not known: choose {known}")
    return device
