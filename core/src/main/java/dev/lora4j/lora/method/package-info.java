/**
 * LoRA methods, by PEFT's {@code peft_type}: which layers a method accepts, how it creates and
 * stores their deltas, and which config keys it has. LoRA includes DoRA and rsLoRA; {@link Vera}
 * shares one pair of random matrices between all layers.
 *
 * <pre>{@code
 * LoraConfig config = LoraConfig.rank(256).method(new Vera());
 * LoraMethod same = LoraMethods.named("vera");
 * }</pre>
 *
 * <p>A new method is a {@link dev.lora4j.lora.layer.LoraMethod}, its delta, and an entry in {@link
 * LoraMethods}.
 */
@NullMarked
package dev.lora4j.lora.method;

import org.jspecify.annotations.NullMarked;
