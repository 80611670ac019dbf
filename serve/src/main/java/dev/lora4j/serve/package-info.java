/**
 * A server for a model and its adapters, with OpenAI's API: {@link dev.lora4j.serve.LoraServer}.
 *
 * <p>Requests name an adapter as their model; requests for different adapters are computed in one
 * batch over the same base weights.
 *
 * <pre>{@code
 * LoraServer server = LoraServer.builder().model(path).adapters(folder).port(0).start();
 * }</pre>
 */
@NullMarked
package dev.lora4j.serve;

import org.jspecify.annotations.NullMarked;
