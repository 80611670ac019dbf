/**
 * LangChain4j's chat models for a base model and its adapters in the same process, without HTTP.
 *
 * <p>A {@link dev.lora4j.langchain4j.LoraEngine} loads the model once. Every {@link
 * dev.lora4j.langchain4j.LoraChatModel} and {@link dev.lora4j.langchain4j.LoraStreamingChatModel}
 * that uses it shares its weights, its KV cache and its batch.
 *
 * <pre>{@code
 * LoraEngine engine = LoraEngine.builder().model(path).adapters(folder).build();
 * ChatModel model = LoraChatModel.builder().engine(engine).modelName("pirate").build();
 * }</pre>
 */
@NullMarked
package dev.lora4j.langchain4j;

import org.jspecify.annotations.NullMarked;
