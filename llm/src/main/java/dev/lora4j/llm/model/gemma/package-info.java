/**
 * Gemma 2 and Gemma 3: norms before and after each branch, GeGLU, and sliding windows in most
 * layers; {@link dev.lora4j.llm.model.gemma.Gemma} computes both.
 */
@NullMarked
package dev.lora4j.llm.model.gemma;

import org.jspecify.annotations.NullMarked;
