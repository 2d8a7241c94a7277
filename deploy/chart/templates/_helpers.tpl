{{/* The name of everything of a release. Suffixes and what CronJobs add have to fit into 63 characters. */}}
{{- define "latchkey.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 44 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 44 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 44 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of one part: (list . "server"). It never changes: selectors of Deployments are immutable. */}}
{{- define "latchkey.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "latchkey.labels" -}}
{{- $root := index . 0 -}}
{{ include "latchkey.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "latchkey.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "latchkey.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "latchkey.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{/* A setting as the text that the service reads. Helm makes a float of every number, which prints as 1e+06, and a boolean of on and off. */}}
{{- define "latchkey.text" -}}
{{- if kindIs "slice" . -}}
{{ join "," . }}
{{- else if kindIs "bool" . -}}
{{ ternary "on" "off" . }}
{{- else if kindIs "string" . -}}
{{ . }}
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end -}}

{{/* The settings of the ConfigMap. */}}
{{- define "latchkey.settings" -}}
NODE_ENV: production
PORT: "3000"
{{- range $name, $value := .Values.settings }}
{{ $name }}: {{ include "latchkey.text" $value | toRawJson }}
{{- end }}
{{- end -}}

{{/* How a container gets at secrets: (list . SECRETS). */}}
{{- define "latchkey.secretEnvironment" -}}
{{- $values := (index . 0).Values -}}
{{- range $name, $reference := index . 1 }}
{{- if eq $values.secretsAs "files" }}
- name: {{ $name }}_FILE
  value: /run/secrets/latchkey/{{ $name }}
{{- else }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $reference.secret | default $values.existingSecret }}
      key: {{ $reference.key | default $name }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The volumes of a pod: (list . SECRETS). */}}
{{- define "latchkey.volumes" -}}
{{- $values := (index . 0).Values -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if eq $values.secretsAs "files" }}
- name: secrets
  projected:
    # 0440: for root, and for the group of the pod.
    defaultMode: 288
    sources:
      {{- range $name, $reference := index . 1 }}
      - secret:
          name: {{ $reference.secret | default $values.existingSecret }}
          items:
            - key: {{ $reference.key | default $name }}
              path: {{ $name }}
      {{- end }}
{{- end }}
{{- with $values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "latchkey.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if eq .Values.secretsAs "files" }}
- name: secrets
  mountPath: /run/secrets/latchkey
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What every pod has: (list . SERVICE-ACCOUNT). The image's user is node, 1000. */}}
{{- define "latchkey.pod" -}}
{{- $values := (index . 0).Values -}}
serviceAccountName: {{ index . 1 }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "latchkey.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* What commands need of the secrets: they know the database and nobody else. */}}
{{- define "latchkey.databaseSecrets" -}}
{{- pick .Values.secrets "DATABASE_URL" "DIRECT_DATABASE_URL" | toJson -}}
{{- end -}}

{{/* A container that works on the tables as their owner: (list . NAME WORDS-OF-LATCHKEY SECRETS). */}}
{{- define "latchkey.ownerContainer" -}}
{{- $root := index . 0 -}}
- name: {{ index . 1 }}
  image: {{ include "latchkey.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  {{- include "latchkey.containerSecurity" $root | nindent 2 }}
  command: [latchkey, {{ join ", " (index . 2) }}]
  env:
    - name: NODE_ENV
      value: production
    {{- include "latchkey.secretEnvironment" (list $root (index . 3)) | nindent 4 }}
    {{- with $root.Values.extraEnvironment }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  resources:
    {{- toYaml $root.Values.migrations.resources | nindent 4 }}
  volumeMounts:
    {{- include "latchkey.volumeMounts" $root | nindent 4 }}
{{- end -}}
