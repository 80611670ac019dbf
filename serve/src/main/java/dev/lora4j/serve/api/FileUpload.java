package dev.lora4j.serve.api;

import dev.lora4j.io.AtomicFile;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.jobs.UploadedFile;
import dev.lora4j.serve.jobs.UploadedFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.util.Blocker;

/** Reads a file from {@code multipart/form-data}, of which large parts are streamed to the disk. */
final class FileUpload {
  private static final Semaphore AT_ONCE = new Semaphore(8);
  private static final int MAX_PARTS = 16;
  private static final int MAX_IN_MEMORY = 16 << 10;
  private static final int MAX_FORM = 1 << 20; // bytes of the parts beside the file
  private static final int MAX_NAME = 255;
  private static final String FORM = "multipart/form-data";
  private static final String PURPOSE = "fine-tune";

  private final UploadedFiles files;

  FileUpload(UploadedFiles files) {
    this.files = files;
  }

  /**
   * Adds the file of a request.
   *
   * @throws ApiException if the form is wrong, or the file is too large
   */
  UploadedFile read(Exchange exchange) {
    if (!AT_ONCE.tryAcquire()) {
      throw new ApiException(
          429, "rate_limit_error", "too many uploads at once", null, "rate_limit_exceeded");
    }
    try (MultiPartFormData.Parts parts = parts(exchange)) {
      return add(parts);
    } finally {
      AT_ONCE.release();
    }
  }

  private MultiPartFormData.Parts parts(Exchange exchange) {
    String type = exchange.header(HttpHeader.CONTENT_TYPE);
    String boundary = MultiPart.extractBoundary(type);
    if (!type.startsWith(FORM) || boundary == null) {
      throw ApiException.invalid("expected a body of type " + FORM + " with file and purpose");
    }
    long declared = exchange.request().getLength();
    if (declared > files.maxFileBytes() + MAX_FORM) {
      throw tooLarge();
    }
    MultiPartFormData.Parser parser = new MultiPartFormData.Parser(boundary);
    parser.setFilesDirectory(files.incoming());
    parser.setUseFilesForPartsWithoutFileName(false);
    parser.setMaxMemoryFileSize(MAX_IN_MEMORY);
    parser.setMaxFileSize(files.maxFileBytes());
    parser.setMaxLength(files.maxFileBytes() + MAX_FORM);
    parser.setMaxParts(MAX_PARTS);
    try {
      return Blocker.blockWithPromise(promise -> parser.parse(exchange.request(), promise));
    } catch (IOException | RuntimeException e) {
      throw refusal(e);
    }
  }

  /** Distinguishes a full disk, a file that is too large, and a form that is wrong. */
  private RuntimeException refusal(Exception cause) {
    if (cause instanceof IOException io && AtomicFile.isDiskFull(io)) {
      return AtomicFile.explained(files.incoming(), io);
    }
    String message = String.valueOf(cause.getMessage());
    return message.contains("max file size") || message.contains("max length")
        ? tooLarge()
        : ApiException.invalid("the form can't be read: " + message);
  }

  private ApiException tooLarge() {
    return new ApiException(
        413,
        "invalid_request_error",
        "the file exceeds " + files.maxFileBytes() + " bytes",
        "file",
        null);
  }

  private UploadedFile add(MultiPartFormData.Parts parts) {
    MultiPart.Part purpose = parts.getFirst("purpose");
    if (purpose == null) {
      throw ApiException.invalid("purpose", "missing required parameter: purpose");
    }
    if (purpose.getLength() > MAX_NAME) {
      throw ApiException.invalid("purpose", "purpose: only \"" + PURPOSE + "\" is supported");
    }
    String given = purpose.getContentAsString(StandardCharsets.UTF_8);
    if (!PURPOSE.equals(given)) {
      throw ApiException.invalid(
          "purpose", "purpose: only \"" + PURPOSE + "\" is supported, found \"" + given + "\"");
    }
    MultiPart.Part file = parts.getFirst("file");
    if (file == null || file.getFileName() == null) {
      throw ApiException.invalid("file", "missing required parameter: file");
    }
    String name = file.getFileName();
    if (name.length() > MAX_NAME) {
      throw ApiException.invalid(
          "file",
          "file: the name has %d characters, at most %d are allowed"
              .formatted(name.length(), MAX_NAME));
    }
    return files.add(name, given, file::writeTo);
  }
}
