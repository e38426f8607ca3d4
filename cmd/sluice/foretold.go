package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"sluice/cmd/sluice/forecast"
	"sluice/cmd/sluice/forecast/estimate"
	"sluice/cmd/sluice/forecast/picture"
	"sluice/cmd/sluice/ui"
	"sluice/shared/judge"
	"sluice/shared/spec"
)

// What simulate and backtest have in common.

// pictureFlags are the flags for a picture.
type pictureFlags struct {
	SVG  string `name:"svg" help:"Write a picture into this file." placeholder:"FILE" xor:"picture"`
	HTML string `name:"html" help:"Write a page with picture and tables into this file." placeholder:"FILE" xor:"picture"`
}

// save writes the picture that was asked for.
func (f pictureFlags) save(c *call, page func() (picture.Page, error)) error {
	name := f.SVG + f.HTML
	if name == "" {
		return nil
	}
	p, err := page()
	if err != nil {
		return err
	}
	text := p.SVG
	if f.HTML != "" {
		if text, err = p.HTML(); err != nil {
			return err
		}
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return no("name a file in a folder that can be written", "%s cannot be written: %v", name, err)
	}
	c.print.Note("wrote " + name)
	return nil
}

// rules reads a sluice.yaml and shows what is wrong with it.
func (c *call) rules(name string) (spec.Spec, forecast.Rules, error) {
	files := c.check([]string{name})
	if !files[0].Valid {
		showProblems(c.print, files)
		return spec.Spec{}, forecast.Rules{}, answer(exitNo)
	}
	rules, err := forecast.RulesOf(files[0].spec.Rollout)
	return *files[0].spec, rules, err
}

// progress says now and then how far the work is, if it takes longer than a second.
func (c *call) progress(what string) func(done, all int) {
	last := c.now()
	return func(done, all int) {
		if now := c.now(); now.Sub(last) >= time.Second && done < all {
			last = now
			c.print.Note(fmt.Sprintf("%s of %s %s", count(int64(done)), count(int64(all)), what))
		}
	}
}

// plannedSteps is a judge's plan in words.
func plannedSteps(p judge.Plan) string {
	said := make([]string, len(p))
	for i, s := range p {
		said[i] = fmt.Sprintf("%s for %s", percent(s.Weight/100), spec.Duration(time.Duration(s.Minutes)*time.Minute))
	}
	if n := len(said); n > 4 {
		said = append(said[:2:2], fmt.Sprintf("%d more", n-3), said[n-1])
	}
	return strings.Join(said, ", then ")
}

// percent is a share of 0..1 with three figures.
func percent(share float64) string {
	if share == 0 {
		return "0%"
	}
	value := 100 * share
	if value < 100 && value > 99 {
		value = math.Floor(100*value) / 100 // what is not all must not look like all
	} else {
		value = roundTo(value, 3)
	}
	return strconv.FormatFloat(value, 'f', -1, 64) + "%"
}

// figure is a mean with three figures, or whole from 100 on.
func figure(v float64) string {
	switch {
	case v == 0:
		return "0"
	case math.Abs(v) >= 100:
		return count(int64(math.Round(v)))
	}
	return strconv.FormatFloat(roundTo(v, 3), 'f', -1, 64)
}

// give is a mean, give or take.
func give(r estimate.Range) string {
	if half := r.Half(); half > 0 {
		return figure(r.Value) + " ±" + figure(roundTo(half, 2))
	}
	return figure(r.Value)
}

// between is a number of minutes with its range if it has any.
func between(r *estimate.Range) string {
	switch {
	case r == nil:
		return "-"
	case r.Low == r.High:
		return figure(r.Value)
	}
	return fmt.Sprintf("%s (%s to %s)", figure(r.Value), figure(r.Low), figure(r.High))
}

// weights says at which weights what happened, most often first as the plan has them.
func weights(at []forecast.AtWeight) string {
	if len(at) == 0 {
		return "-"
	}
	said := make([]string, len(at))
	for i, a := range at {
		said[i] = percent(a.Weight/100) + " weight"
		if len(at) > 1 {
			part := roundTo(a.Share, 2)
			if part == 1 {
				part = a.Share // what is not all must not look like all
			}
			said[i] = fmt.Sprintf("%s (%s)", percent(a.Weight/100), percent(part))
		}
	}
	if n := len(said); n > 4 {
		said = append(said[:3:3], fmt.Sprintf("%d more", n-3))
	}
	return strings.Join(said, ", ")
}

func sentenceOf(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }

// pageTable is a table of the terminal for a page.
func pageTable(title string, t ui.Table) picture.Table {
	p := picture.Table{Title: title, Rows: t.Rows}
	for _, column := range t.Columns {
		p.Heads = append(p.Heads, sentenceCase(column.Name))
		p.Numeric = append(p.Numeric, column.Number)
	}
	return p
}

func sentenceCase(words string) string { return strings.ToUpper(words[:1]) + words[1:] }
