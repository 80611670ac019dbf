/**
 * The serving engine: continuous batching with an adapter per request.
 *
 * <p>A {@link dev.lora4j.serve.engine.ServedModel} has a base model and the <em>versions</em> of
 * its adapters; a request <em>leases</em> a version, so that an adapter can be replaced or unloaded
 * under traffic. The {@link dev.lora4j.serve.engine.BatchScheduler} runs the model on one thread:
 * it admits waiting requests, prefills their prompts in chunks, and decodes one token of every
 * running sequence at a time.
 *
 * <pre>{@code
 * BatchScheduler scheduler = new BatchScheduler(served, ServingLimits.defaults());
 * AdapterLease lease = served.lease("pirate");
 * scheduler.submit(
 *     new GenerationRequest(lease, prompt, 64, served.stopTokens(lease), choice, Optional.empty(), listener));
 * }</pre>
 */
@NullMarked
package dev.lora4j.serve.engine;

import org.jspecify.annotations.NullMarked;
