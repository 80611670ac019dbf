package dev.lora4j.serve.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A response as server-sent events. */
public final class EventStream implements AutoCloseable {
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.UTF_8);
  private static final byte[] END = "\n\n".getBytes(StandardCharsets.UTF_8);

  private final OutputStream out;

  public EventStream(OutputStream out) {
    this.out = out;
  }

  public void data(JsonNode json) throws IOException {
    write(Json.bytes(json));
  }

  /** Sends an error in the form that all clients recognise. */
  public void error(ErrorBody error) throws IOException {
    out.write("event: error\n".getBytes(StandardCharsets.UTF_8));
    write(Json.bytes(error.json()));
  }

  /** Sends a comment, to keep the connection open and to detect a disconnected client. */
  public void keepAlive() throws IOException {
    out.write(": waiting\n\n".getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /** Ends the stream as OpenAI does. */
  public void done() throws IOException {
    write("[DONE]".getBytes(StandardCharsets.UTF_8));
  }

  private void write(byte[] content) throws IOException {
    ByteArrayOutputStream event = new ByteArrayOutputStream(content.length + 16);
    event.write(DATA);
    event.write(content);
    event.write(END);
    out.write(event.toByteArray());
    out.flush();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
