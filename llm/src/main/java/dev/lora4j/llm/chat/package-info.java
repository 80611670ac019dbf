/**
 * Chat with a language model: text in, streamed text out. A <em>chat model</em> is a base model
 * with its tokenizer, its <em>chat template</em> and named <em>adapters</em>; a
 * <em>conversation</em> keeps the messages and the KV cache from turn to turn.
 *
 * <pre>{@code
 * try (ChatModel model = ChatModel.open(Path.of("SmolLM2-135M-Instruct"));
 *     GenerationSession session = new Generator(model.network()).session()) {
 *   Conversation chat = new Conversation(model, session);
 *   Completion answer = chat.say("Ahoy!", new GenerationOptions(64, Sampling.greedy(), List.of()), piece -> true);
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.chat;

import org.jspecify.annotations.NullMarked;
