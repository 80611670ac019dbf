/**
 * The part of the Jinja language that chat templates are written in, with Python's meaning of
 * strings, slices and truth. A template comes with a model from anywhere, so it can reach nothing
 * but the values it is given: no Java object has methods here, and what a rendering may spend is
 * bounded.
 */
@NullMarked
package dev.lora4j.models.text.jinja;

import org.jspecify.annotations.NullMarked;
