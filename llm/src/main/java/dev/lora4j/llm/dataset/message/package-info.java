/**
 * Messages of training data: OpenAI's and ShareGPT's spelling, roles, content parts and tool calls,
 * as the messages that a chat template reads.
 *
 * <pre>{@code
 * MessageParser parser = new MessageParser();
 * List<Message> messages = parser.messages("messages", array);
 * Set<String> renamed = parser.notes(); // such as "role human as user"
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.dataset.message;

import org.jspecify.annotations.NullMarked;
