/**
 * OpenAI's HTTP API: chat completions, completions and models, whole or as server-sent events, and
 * vLLM's requests that load and unload adapters.
 *
 * <p>{@link dev.lora4j.serve.api.ApiHandler} routes a request to its endpoint, which reads the
 * parameters, submits the completions to the scheduler, and sends what comes back.
 */
@NullMarked
package dev.lora4j.serve.api;

import org.jspecify.annotations.NullMarked;
