package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.BrokenAdapter;
import dev.lora4j.serve.engine.ListedModel;
import dev.lora4j.serve.engine.ServedModel;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.engine.UnknownModel;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.Params;
import dev.lora4j.serve.http.Route;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** The models of a server: listed, loaded and unloaded; their tokenizers and chat templates. */
final class ModelEndpoints {
  private static final String LORA_NAME = "lora_name";
  private static final String LORA_PATH = "lora_path";

  private final ServedModels models;
  private final Optional<Path> folder;
  private final AdapterNames names;
  private final Supplier<Set<String>> tasks;
  private final long started = Instant.now().getEpochSecond();

  /**
   * @param folder the only place from which requests may load adapters; empty for none
   * @param names the names that adapters may have
   * @param tasks returns the names of classifiers and rerankers
   */
  ModelEndpoints(
      ServedModels models, Optional<Path> folder, AdapterNames names, Supplier<Set<String>> tasks) {
    this.models = models;
    this.tasks = tasks;
    this.folder = folder;
    this.names = names;
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
    Map<String, ListedModel> listed = new LinkedHashMap<>();
    models.list().forEach(model -> listed.put(model.name(), model));
    tasks.get().forEach(name -> listed.putIfAbsent(name, new ListedModel(name, Optional.empty())));
    listed.values().forEach(model -> data.add(card(model)));
    exchange.send(200, list);
  }

  private void get(Exchange exchange) throws IOException {
    String name = exchange.pathSegment(0);
    exchange.send(
        200,
        card(
            tasks.get().contains(name)
                ? new ListedModel(name, Optional.empty())
                : new ListedModel(name, Optional.of(models.of(name).model()))));
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
    String name = params.requiredText(LORA_NAME);
    boolean replacing = params.flag("load_inplace");
    forName(
        () -> {
          names.require(name);
          models.requireFree(name, replacing);
          if (tasks.get().contains(name)) {
            throw new UserError("the name '" + name + "' is taken");
          }
        });
    Path directory = directory(params.requiredText(LORA_PATH));
    try {
      models.loadForRequest(name, directory, replacing);
    } catch (BrokenAdapter e) {
      throw ApiException.invalid(LORA_PATH, LORA_PATH + ": " + e.getMessage());
    }
    exchange.send(200, "text/plain", "Success: LoRA adapter '" + name + "' added successfully.");
  }

  /** Checks a name, whose refusal is that of the parameter. */
  private static void forName(Runnable check) {
    try {
      check.run();
    } catch (UserError e) {
      throw ApiException.invalid(LORA_NAME, LORA_NAME + ": " + e.getMessage());
    } catch (UnknownModel e) {
      throw new ApiException(
          404,
          "invalid_request_error",
          String.valueOf(e.getMessage()),
          LORA_NAME,
          "model_not_found");
    }
  }

  private void unload(Exchange exchange) throws IOException {
    String name = new Params(exchange.body()).requiredText(LORA_NAME);
    forName(() -> models.unload(name));
    exchange.send(200, "text/plain", "Success: LoRA adapter '" + name + "' removed successfully.");
  }

  /** Resolves a path, which must be inside the folder of adapters, links followed. */
  private Path directory(String path) {
    Path root =
        folder.orElseThrow(
            () ->
                ApiException.invalid(
                    LORA_PATH,
                    "lora_path: start the server with --adapters DIR to load adapters at run time"));
    try {
      Path wanted = root.resolve(path).toRealPath();
      if (Files.isDirectory(wanted) && wanted.startsWith(root.toRealPath())) {
        return wanted;
      }
    } catch (InvalidPathException | IOException e) { // there is none
    }
    throw ApiException.invalid(
        LORA_PATH, "lora_path: no directory \"" + path + "\" in the server's folder of adapters");
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
    int[] tokens = tokens(params, served);
    ObjectNode answer =
        Json.object().put("count", tokens.length).put("max_model_len", served.maxPositions());
    ArrayNode ids = answer.putArray("tokens");
    Arrays.stream(tokens).forEach(ids::add);
    exchange.send(200, answer);
  }

  private static int[] tokens(Params params, ServedModel served) {
    Optional<ChatPrompt> chat = ChatPrompt.ifPresent(params);
    try (AdapterLease lease = lease(served, params)) {
      ChatFormat format = lease.format();
      return chat.map(prompt -> prompt.tokens(format))
          .orElseGet(() -> format.tokenizer().encode(params.requiredText("prompt")));
    }
  }

  private void applyTemplate(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    exchange.send(200, Json.object().put("prompt", prompt(params, served(params))));
  }

  private static String prompt(Params params, ServedModel served) {
    ChatPrompt chat = ChatPrompt.of(params);
    try (AdapterLease lease = lease(served, params)) {
      return chat.text(lease.format());
    }
  }
}
