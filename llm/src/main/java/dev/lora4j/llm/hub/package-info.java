/**
 * Models and adapters by name: {@code org/name} on a Hugging Face Hub, downloaded to a local
 * directory.
 *
 * <ul>
 *   <li><b>repository</b>: the files of a model; a <b>revision</b> is a branch, tag or commit of
 *       it.
 *   <li><b>snapshot</b>: a local directory with the files of one commit.
 *   <li><b>blob</b>: the content of a file, stored once under its entity tag.
 *   <li><b>cache</b>: blobs and snapshots, in the layout of Python's huggingface_hub, which shares
 *       them.
 * </ul>
 *
 * <pre>{@code
 * Hub hub = Hub.fromEnvironment();
 * Path directory = hub.snapshot(RepoId.parse("org/name@main"), HubListener.SILENT);
 * try (Pretrained model = Pretrained.load(directory)) {
 *   …
 * }
 * }</pre>
 *
 * <p>Nothing here reads a weight.
 */
@NullMarked
package dev.lora4j.llm.hub;

import org.jspecify.annotations.NullMarked;
