package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.ListedModel;
import dev.lora4j.serve.engine.ServedModel;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.Params;
import dev.lora4j.serve.http.Route;
import dev.lora4j.serve.jobs.FineTuningJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The models of a server: listed, loaded and unloaded; their tokenizers and chat templates. */
final class ModelEndpoints {
  private static final Pattern NAME =
      Pattern.compile("[^\\p{Cntrl}]{1,256}", Pattern.UNICODE_CHARACTER_CLASS);

  private final ServedModels models;
  private final Optional<Path> folder;
  private final long started = Instant.now().getEpochSecond();

  /**
   * @param folder the only place from which requests may load adapters; empty for none
   */
  ModelEndpoints(ServedModels models, Optional<Path> folder) {
    this.models = models;
    this.folder = folder;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/models", this::list),
        Route.get("/models/{*}", this::get),
        Route.post("/load_lora_adapter", this::load),
        Route.post("/unload_lora_adapter", this::unload),
        Route.post("/tokenize", this::tokenize),
        Route.post("/apply-template", this::applyTemplate));
  }

  private void list(Exchange exchange) throws IOException {
    ObjectNode list = Json.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    models.list().forEach(model -> data.add(card(model)));
    exchange.send(200, list);
  }

  private void get(Exchange exchange) throws IOException {
    String name = exchange.pathSegment(0);
    exchange.send(200, card(new ListedModel(name, Optional.of(models.of(name).model()))));
  }

  private ObjectNode card(ListedModel model) {
    ObjectNode card =
        Json.object()
            .put("id", model.name())
            .put("object", "model")
            .put("created", started)
            .put("owned_by", "lora4j")
            .put("parent", model.parent().orElse(null));
    model.base().ifPresent(base -> card.put("max_model_len", base.maxPositions()));
    return card;
  }

  // ---- adapters, as vLLM loads them ----

  private void load(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String name = newName(params.requiredText("lora_name"));
    if (name.startsWith(FineTuningJob.NAME_PREFIX)) {
      throw ApiException.invalid(
          "lora_name",
          "lora_name: names that begin with "
              + FineTuningJob.NAME_PREFIX
              + " are those of fine-tuning jobs");
    }
    Path directory = directory(params.requiredText("lora_path"));
    models.load(name, directory, params.flag("load_inplace"));
    exchange.send(200, "text/plain", "Success: LoRA adapter '" + name + "' added successfully.");
  }

  private static String newName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw ApiException.invalid(
          "lora_name", "lora_name: expected 1 to 256 characters without control characters");
    }
    return name;
  }

  private void unload(Exchange exchange) throws IOException {
    String name = new Params(exchange.body()).requiredText("lora_name");
    models.unload(name);
    exchange.send(200, "text/plain", "Success: LoRA adapter '" + name + "' removed successfully.");
  }

  /** Resolves a path, which has to lie in the folder of adapters, links followed. */
  private Path directory(String path) {
    Path root =
        folder.orElseThrow(
            () ->
                ApiException.invalid(
                    "lora_path",
                    "lora_path: start the server with --adapters DIR to load adapters at run time"));
    try {
      Path wanted = root.resolve(path).toRealPath();
      if (Files.isDirectory(wanted) && wanted.startsWith(root.toRealPath())) {
        return wanted;
      }
    } catch (InvalidPathException | IOException e) { // there is none
    }
    throw ApiException.invalid(
        "lora_path", "lora_path: no directory \"" + path + "\" in the server's folder of adapters");
  }

  // ---- tokenizers ----

  private ServedModel served(Params params) {
    return params.text("model").map(models::of).orElse(models.first()).model();
  }

  private static AdapterLease lease(ServedModel served, Params params) {
    return served.lease(params.text("model").orElse(served.name()));
  }

  private void tokenize(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    ServedModel served = served(params);
    try (AdapterLease lease = lease(served, params)) {
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

  private void applyTemplate(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    try (AdapterLease lease = lease(served(params), params)) {
      ChatTemplate template =
          lease
              .format()
              .template()
              .orElseThrow(() -> new UserError("the model has no chat template"));
      exchange.send(200, Json.object().put("prompt", template.prompt(ChatMessages.read(params))));
    }
  }
}
