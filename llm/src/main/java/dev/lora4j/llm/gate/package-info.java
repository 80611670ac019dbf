/**
 * The gate: checks of a trained adapter before it is used. Held-out loss, effect, stopping, chat
 * template and forgetting, each compared with the base model; a verdict with reasons.
 *
 * <pre>{@code
 * model.load("candidate", directory, BaseCheck.SAME_BASE);
 * GateVerdict verdict =
 *     new AdapterGate(model, "candidate", GateLimits.defaults(), workers).judge(data);
 * verdict.reasons().forEach(System.err::println);
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.gate;

import org.jspecify.annotations.NullMarked;
