package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.ServedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;

/** The models of a server: listed, loaded and unloaded; their tokenizers and chat templates. */
final class ModelEndpoints {
  private final ServedModel served;
  private final Optional<Path> folder;
  private final long started = Instant.now().getEpochSecond();

  /**
   * @param folder the only place from which requests may load adapters; empty for none
   */
  ModelEndpoints(ServedModel served, Optional<Path> folder) {
    this.served = served;
    this.folder = folder;
  }

  void list(Exchange exchange) throws IOException {
    ObjectNode list = Json.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    data.add(card(served.name()));
    served.list().forEach(entry -> data.add(card(entry.name())));
    exchange.send(200, list);
  }

  void get(Exchange exchange, String name) throws IOException {
    boolean known =
        name.equals(served.name())
            || served.list().stream().anyMatch(entry -> entry.name().equals(name));
    if (!known) {
      served.lease(name).close(); // refuses it, with the nearest names
    }
    exchange.send(200, card(name));
  }

  private ObjectNode card(String name) {
    ObjectNode card =
        Json.object()
            .put("id", name)
            .put("object", "model")
            .put("created", started)
            .put("owned_by", "lora4j")
            .put("max_model_len", served.maxPositions());
    return name.equals(served.name()) ? card.putNull("parent") : card.put("parent", served.name());
  }

  // ---- adapters, as vLLM loads them ----

  void load(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String name = params.requiredText("lora_name");
    Path directory = directory(params.requiredText("lora_path"));
    served.load(name, directory, params.flag("load_inplace"));
    exchange.send(200, "text/plain", "Success: LoRA adapter '" + name + "' added successfully.");
  }

  void unload(Exchange exchange) throws IOException {
    String name = new Params(exchange.body()).requiredText("lora_name");
    served.unload(name);
    exchange.send(200, "text/plain", "Success: LoRA adapter '" + name + "' removed successfully.");
  }

  /** Resolves a path and its links; refuses a path outside the folder of adapters. */
  private Path directory(String path) throws IOException {
    Path root =
        folder.orElseThrow(
            () ->
                ApiException.invalid(
                    "lora_path",
                    "lora_path: start the server with --adapters DIR to load adapters at run time"));
    Path wanted = root.resolve(path).normalize();
    if (!Files.isDirectory(wanted) || !wanted.toRealPath().startsWith(root.toRealPath())) {
      throw ApiException.invalid(
          "lora_path",
          "lora_path: no directory \"" + path + "\" in the server's folder of adapters");
    }
    return wanted;
  }

  // ---- tokenizers ----

  void tokenize(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    try (AdapterLease lease = served.lease(params.text("model").orElse(served.name()))) {
      ChatFormat format = lease.format();
      int[] tokens =
          params.value("messages").isPresent()
              ? format.prompt(ChatMessages.read(params))
              : format.tokenizer().encode(params.requiredText("prompt"));
      ObjectNode answer =
          Json.object().put("count", tokens.length).put("max_model_len", served.maxPositions());
      ArrayNode ids = answer.putArray("tokens");
      Arrays.stream(tokens).forEach(ids::add);
      exchange.send(200, answer);
    }
  }

  void applyTemplate(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    try (AdapterLease lease = served.lease(params.text("model").orElse(served.name()))) {
      ChatTemplate template =
          lease
              .format()
              .template()
              .orElseThrow(() -> new UserError("the model has no chat template"));
      exchange.send(200, Json.object().put("prompt", template.prompt(ChatMessages.read(params))));
    }
  }
}
