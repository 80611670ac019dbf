/**
 * Adapters on disk: PEFT, mlx-lm and GGUF, and the fingerprint of the base that an adapter was made
 * on.
 */
@NullMarked
package dev.lora4j.lora.format;

import org.jspecify.annotations.NullMarked;
