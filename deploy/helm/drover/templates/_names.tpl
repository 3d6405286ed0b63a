{{/* Names, labels, and what the pods of planes and workers have alike. */}}

{{- define "drover.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "drover.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "drover.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "drover.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "drover.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "drover.selector" . }}
{{- end -}}

{{- define "drover.selector" -}}
app.kubernetes.io/name: {{ include "drover.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "drover.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}

{{- define "drover.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "drover.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Of a pod: nobody in it is root, and nobody in it speaks to Kubernetes. */}}
{{- define "drover.pod" -}}
serviceAccountName: {{ include "drover.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{/* Of a container. Landlock, which walls tools off, needs no privilege. */}}
{{- define "drover.container" -}}
image: {{ include "drover.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{- define "drover.temporal" -}}
{{- with .Values.temporal -}}
- name: DROVER_TEMPORAL_ADDRESS
  value: {{ .address | quote }}
- name: DROVER_TEMPORAL_NAMESPACE
  value: {{ .namespace | quote }}
{{- if .apiKey.secret }}
- name: DROVER_TEMPORAL_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .apiKey.secret }}
      key: {{ .apiKey.key }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Where a pod goes: of a list or map of the values, what is not empty. */}}
{{- define "drover.placement" -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with index $ $key }}
{{ $key }}:{{ if kindIs "string" . }} {{ . }}{{ else }}
  {{- toYaml . | nindent 2 }}{{ end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A worker of the values over workerDefaults. */}}
{{- define "drover.worker" -}}
{{- mergeOverwrite (deepCopy .defaults) .worker | toYaml -}}
{{- end -}}
