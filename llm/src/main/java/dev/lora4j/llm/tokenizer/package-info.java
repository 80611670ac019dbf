/**
 * Tokenizers, special tokens and chat templates of Hugging Face models and GGUF files.
 *
 * <p>A <i>message</i> is one turn of a conversation. A <i>chat template</i> renders messages as
 * text, which ends with the <i>generation prompt</i> if the model is to answer. <i>Special
 * tokens</i> mark the beginning and the end of texts; generation ends at a <i>stop token</i>. A
 * <i>token span</i> is a token with its position in the text.
 *
 * <pre>{@code
 * try (Tokenizer tokenizer = Tokenizer.load(model)) {
 *   ChatTemplate chat = ChatTemplate.load(model, tokenizer.special()).orElseThrow();
 *   int[] ids = tokenizer.encodePlain(chat.prompt(List.of(Message.user("What is LoRA?"))));
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.tokenizer;

import org.jspecify.annotations.NullMarked;
