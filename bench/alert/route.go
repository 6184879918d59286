//go:build linux

package main

import "context"

func runRoute(context.Context, []string) error { return nil }

func runFlap(context.Context, []string) error { return nil }
