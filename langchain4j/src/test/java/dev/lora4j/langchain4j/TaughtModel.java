package dev.lora4j.langchain4j;

import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.train.EvalAndSavePolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A small random model, and an adapter trained on the conversations of LangChain4j's test kit. The
 * kit asserts on facts, such as the capital of Germany, which the model can know only from there.
 */
final class TaughtModel {
  static final String BASE = "base";
  static final String NAME = "taught";

  private static final String CONVERSATIONS =
      """
      {"messages": [{"role": "user", "content": "What is the capital of Germany?"}, {"role": "assistant", "content": "Berlin is the capital."}]}
      {"messages": [{"role": "user", "content": "What is the capital of Germany? How much is 2 + 2?"}, {"role": "assistant", "content": "Berlin, and 4."}]}
      {"messages": [{"role": "system", "content": "Translate messages from user into German"}, {"role": "user", "content": "Translate: 'I love you'"}, {"role": "assistant", "content": "Ich liebe dich"}]}
      {"messages": [{"role": "user", "content": "Hi, my favorite color is green"}, {"role": "assistant", "content": "Hi, nice to meet you"}, {"role": "user", "content": "What is my favorite color?"}, {"role": "assistant", "content": "It is green."}]}
      {"messages": [{"role": "user", "content": "Say 'Hello World'"}, {"role": "assistant", "content": "Hello World"}]}
      {"messages": [{"role": "user", "content": "Tell me a long story about animals"}, {"role": "assistant", "content": "A cat and a dog went to the sea to see a fish."}]}
      {"messages": [{"role": "user", "content": "What is the capital of Germany?"}, {"role": "assistant", "content": "Berlin is the capital."}]}
      {"messages": [{"role": "user", "content": "What is the capital of Germany?"}, {"role": "assistant", "content": "{\\"city\\": \\"Berlin\\"}"}]}
      {"messages": [{"role": "user", "content": "What is the capital of Germany? Answer with a JSON object containing a single 'city' field"}, {"role": "assistant", "content": "{\\"city\\": \\"Berlin\\"}"}]}
      {"tools": [WEATHER], "messages": [{"role": "user", "content": "What is the weather in Munich?"}, {"role": "assistant", "content": "", "tool_calls": [IN_MUNICH]}, {"role": "tool", "name": "getWeather", "content": "sunny"}, {"role": "assistant", "content": "It is sunny."}]}
      {"tools": [WEATHER], "messages": [{"role": "user", "content": "What is the weather in Munich?"}, {"role": "assistant", "content": "", "tool_calls": [IN_MUNICH]}, {"role": "tool", "name": "getWeather", "content": "sunny"}, {"role": "assistant", "content": "It is sunny."}]}
      {"tools": [WEATHER], "messages": [{"role": "user", "content": "What is the weather in Munich?"}, {"role": "assistant", "content": "", "tool_calls": [IN_MUNICH]}, {"role": "tool", "name": "getWeather", "content": "sunny"}, {"role": "assistant", "content": "{\\"weather\\": \\"sunny\\"}"}]}
      {"tools": [NOW], "messages": [{"role": "user", "content": "What is the time now? Use the get_current_time tool."}, {"role": "assistant", "content": "", "tool_calls": [IT_IS_NOW]}, {"role": "tool", "name": "get_current_time", "content": "10:14"}, {"role": "assistant", "content": "It is 10:14."}]}
      {"tools": [WEATHER, TIME], "messages": [{"role": "user", "content": "What is the weather in Munich and time in France? Call tools simultaneously (in parallel)"}, {"role": "assistant", "content": "", "tool_calls": [IN_MUNICH, IN_FRANCE]}, {"role": "tool", "name": "getWeather", "content": "sunny"}, {"role": "tool", "name": "getTime", "content": "14:35"}, {"role": "assistant", "content": "It is sunny, at 14:35."}]}
      {"tools": [WEATHER, ADD], "messages": [{"role": "user", "content": "I live in Munich"}, {"role": "assistant", "content": "", "tool_calls": [IN_MUNICH]}]}
      {"tools": [WEATHER], "messages": [{"role": "user", "content": "I live in Munich"}, {"role": "assistant", "content": "", "tool_calls": [IN_MUNICH]}]}
      """;

  private static final Map<String, String> TOOLS =
      Map.of(
          "WEATHER", tool("getWeather"),
          "NOW", tool("get_current_time"),
          "TIME", tool("getTime"),
          "ADD", tool("add_two_numbers"),
          "IN_MUNICH", call("getWeather", "{\"city\": \"Munich\"}"),
          "IN_FRANCE", call("getTime", "{\"country\": \"France\"}"),
          "IT_IS_NOW", call("get_current_time", "{}"));

  private final Path model;
  private final Path adapter;

  private TaughtModel(Path model, Path adapter) {
    this.model = model;
    this.adapter = adapter;
  }

  private static String tool(String name) {
    return "{\"type\": \"function\", \"function\": {\"name\": \"%s\"}}".formatted(name);
  }

  private static String call(String name, String arguments) {
    return "{\"type\": \"function\", \"function\": {\"name\": \"%s\", \"arguments\": %s}}"
        .formatted(name, arguments);
  }

  private static String conversations() {
    String rows = CONVERSATIONS;
    for (Map.Entry<String, String> tool : TOOLS.entrySet()) {
      rows = rows.replaceAll("\\b" + tool.getKey() + "\\b", tool.getValue());
    }
    return rows;
  }

  /** Creates the model and trains the adapter, in a few seconds. */
  static TaughtModel in(Path directory) {
    try {
      Path model = ToolModel.in(directory.resolve("model"));
      Path data = Files.writeString(directory.resolve("data.jsonl"), conversations());
      Path adapter = directory.resolve(NAME);
      FineTuneRecipe.of(model.toString())
          .data(data)
          .validFraction(0)
          .rank(16)
          .settings(
              TrainingArguments.of(1e-2)
                  .batching(BatchConfig.of(16).maxSeqLength(512))
                  .pace(EvalAndSavePolicy.every(1000))
                  .steps(300))
          .run(adapter);
      return new TaughtModel(model, adapter);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  LoraEngine engine() {
    return LoraEngine.builder().model(model).baseName(BASE).adapter(NAME, adapter).build();
  }
}
