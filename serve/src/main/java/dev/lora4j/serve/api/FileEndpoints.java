package dev.lora4j.serve.api;

import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.ListPage;
import dev.lora4j.serve.http.Route;
import dev.lora4j.serve.jobs.FineTuningService;
import dev.lora4j.serve.jobs.UploadedFile;
import dev.lora4j.serve.jobs.UploadedFiles;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** OpenAI's files API: data for fine-tuning jobs, and their results. */
final class FileEndpoints {
  private static final long MAX_LISTED = 10_000;

  private final Optional<FineTuningService> tuning;

  FileEndpoints(Optional<FineTuningService> tuning) {
    this.tuning = tuning;
  }

  List<Route> routes() {
    return List.of(
        Route.post("/files", this::upload),
        Route.get("/files", this::list),
        Route.get("/files/{}", this::get),
        Route.get("/files/{}/content", this::content),
        Route.delete("/files/{}", this::delete));
  }

  private UploadedFiles files() {
    return tuning.orElseThrow(FineTuningEndpoints::notOffered).files();
  }

  private void upload(Exchange exchange) throws IOException {
    exchange.send(200, new FileUpload(files()).read(exchange).json());
  }

  private void list(Exchange exchange) throws IOException {
    Optional<String> purpose = exchange.query("purpose");
    List<UploadedFile> files =
        files().list().stream()
            .filter(file -> purpose.isEmpty() || file.purpose().equals(purpose.get()))
            .toList();
    exchange.send(
        200,
        ListPage.of(exchange, MAX_LISTED, MAX_LISTED, files, UploadedFile::id)
            .json(UploadedFile::json));
  }

  private void get(Exchange exchange) throws IOException {
    exchange.send(200, files().get(exchange.pathSegment(0)).json());
  }

  private void content(Exchange exchange) throws IOException {
    UploadedFiles files = files();
    exchange.send(files.content(files.get(exchange.pathSegment(0))), "application/octet-stream");
  }

  private void delete(Exchange exchange) throws IOException {
    String id = exchange.pathSegment(0);
    files().delete(id);
    exchange.send(200, Json.object().put("id", id).put("object", "file").put("deleted", true));
  }
}
