package browser_test

import "testing"

func (r *rig) live(t *testing.T)     {}
func (r *rig) hostile(t *testing.T)  {}
func (r *rig) board(t *testing.T)    {}
func (r *rig) server(t *testing.T)   {}
func (r *rig) embed(t *testing.T)    {}
func (r *rig) studio(t *testing.T)   {}
func (r *rig) operator(t *testing.T) {}
func (r *rig) print(t *testing.T)    {}
