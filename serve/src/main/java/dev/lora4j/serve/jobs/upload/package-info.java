/**
 * The checks of uploaded training data: OpenAI's rules for conversations and preference pairs, line
 * by line.
 *
 * <pre>{@code
 * TrainingFileCheck check = TrainingFileCheck.of(file, ChatExample::check, 10);
 * check.listed().forEach(System.err::println); // line 3: messages[0].role: expected one of …
 * }</pre>
 */
@NullMarked
package dev.lora4j.serve.jobs.upload;

import org.jspecify.annotations.NullMarked;
