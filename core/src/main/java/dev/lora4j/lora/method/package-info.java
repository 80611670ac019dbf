/** LoRA methods: how the deltas of an adapter are made, checked and stored, LoRA or VeRA. */
@NullMarked
package dev.lora4j.lora.method;

import org.jspecify.annotations.NullMarked;
