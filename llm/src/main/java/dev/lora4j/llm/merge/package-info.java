/** Merging, combining and diagnosing adapters on saved models, tensor by tensor. */
@NullMarked
package dev.lora4j.llm.merge;

import org.jspecify.annotations.NullMarked;
