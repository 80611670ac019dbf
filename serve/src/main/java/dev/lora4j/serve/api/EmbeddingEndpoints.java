package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.embedding.TextEmbedder;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.EmbeddingEngine;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.Params;
import dev.lora4j.serve.http.Route;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** {@code /v1/embeddings}. */
final class EmbeddingEndpoints {
  private final ServedModels models;

  EmbeddingEndpoints(ServedModels models) {
    this.models = models;
  }

  List<Route> routes() {
    return List.of(Route.post("/embeddings", this::embed));
  }

  private void embed(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String model = params.requiredText("model");
    InferenceEngine engine = models.of(model);
    TextEmbedder embedder = embedder(engine);
    boolean base64 = isBase64(params);
    int dimensions =
        params
            .integer("dimensions", 1, embedder.dimensions())
            .map(Long::intValue)
            .orElse(embedder.dimensions());
    List<int[]> texts;
    CompletableFuture<List<float[]>> embeddings;
    try (AdapterLease lease = engine.model().lease(model)) {
      texts =
          new EmbeddingInput(lease.format().tokenizer(), engine.model().vocabularySize(), embedder)
              .read(params.required("input"));
      embeddings =
          engine
              .embeddings()
              .submit(embedder, new EmbeddingEngine.Request(lease, texts, dimensions));
    }
    exchange.onDisconnect(() -> embeddings.cancel(false));
    exchange.send(200, answer(model, texts, result(embeddings), base64));
  }

  private static TextEmbedder embedder(InferenceEngine engine) {
    try {
      return engine.embeddings().embedder();
    } catch (UserError e) {
      throw ApiException.invalid("model", String.valueOf(e.getMessage()));
    }
  }

  private static boolean isBase64(Params params) {
    String format = params.text("encoding_format").orElse("float");
    if (!List.of("float", "base64").contains(format)) {
      throw ApiException.invalid(
          "encoding_format", "encoding_format: expected float or base64, found \"" + format + "\"");
    }
    return format.equals("base64");
  }

  private static List<float[]> result(CompletableFuture<List<float[]>> embeddings)
      throws IOException {
    try {
      return embeddings.get();
    } catch (CancellationException e) {
      throw new IOException("the client has disconnected", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the server is shutting down", e);
    }
  }

  private static ObjectNode answer(
      String model, List<int[]> texts, List<float[]> embeddings, boolean base64) {
    ObjectNode answer = Json.object().put("object", "list").put("model", model);
    ArrayNode data = answer.putArray("data");
    for (int i = 0; i < embeddings.size(); i++) {
      ObjectNode entry = data.addObject().put("object", "embedding").put("index", i);
      if (base64) {
        entry.put("embedding", base64(embeddings.get(i)));
      } else {
        ArrayNode values = entry.putArray("embedding");
        for (float value : embeddings.get(i)) {
          values.add(value);
        }
      }
    }
    int tokens = texts.stream().mapToInt(text -> text.length).sum();
    answer.putObject("usage").put("prompt_tokens", tokens).put("total_tokens", tokens);
    return answer;
  }

  private static String base64(float... embedding) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * embedding.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(embedding);
    return Base64.getEncoder().encodeToString(bytes.array());
  }
}
