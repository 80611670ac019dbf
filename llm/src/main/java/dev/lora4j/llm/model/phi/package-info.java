/**
 * Phi-3, Phi-3.5, Phi-4 and Phi-4-mini: a Llama whose projections to queries, keys and values are
 * one layer, as are those to gates and inner values.
 */
@NullMarked
package dev.lora4j.llm.model.phi;

import org.jspecify.annotations.NullMarked;
